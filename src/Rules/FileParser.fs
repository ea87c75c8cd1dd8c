/// A whole file. What does not parse is reported, and the parser goes on at the next declaration: a keyword at the beginning of a line.
module internal Serverless.Rules.FileParser

open FParsec
open FParsec.Error
open Serverless.Rules.Lexical

/// The word that begins at an offset.
let private wordAt (text: string) (at: int) : string =
    let mutable last = at

    while last < text.Length && last - at < 80 && (isNamePart text[last] || text[last] = '-') do
        last <- last + 1

    text.Substring(at, last - at)

/// Offsets of the lines that begin with a keyword, with the keyword's own offset. Unindented ones begin a declaration whatever stands before.
let private keywordLines (text: string) : struct (int * bool)[] =
    let found = ResizeArray()
    let mutable at = 0

    while at < text.Length do
        let mutable first = at

        while first < text.Length && (text[first] = ' ' || text[first] = '\t') do
            first <- first + 1

        if first < text.Length && System.Char.IsAsciiLetterLower text[first] && Keyword.isKeyword (wordAt text first) then
            found.Add(struct (first, first = at))

        let newline = text.IndexOf('\n', first)
        at <- if newline < 0 then text.Length else newline + 1

    found.ToArray()

/// The name that a declaration which does not parse would have declared.
let private brokenName (text: string) (start: int) : string option =
    let keyword = wordAt text start
    let mutable at = start + keyword.Length

    while at < text.Length && (text[at] = ' ' || text[at] = '\t') do
        at <- at + 1

    if at < text.Length && isNameStart text[at] then Some(wordAt text at) else None

/// What stands at an offset, for "found".
let private foundAt (text: string) (at: int) : string * Span =
    if at >= text.Length then
        // Shown behind the last thing that was read, not on the empty line below it.
        let last = text.TrimEnd().Length
        "the end of the file", { Start = last; End = last }
    elif isNameStart text[at] || System.Char.IsAsciiDigit text[at] then
        let word = wordAt text at
        Wording.quote word, { Start = at; End = at + word.Length }
    elif text[at] = '\n' || text[at] = '\r' then
        "the end of the line", { Start = at; End = at }
    else
        Wording.quote (string text[at]), { Start = at; End = at + 1 }

let rec private messages (errors: ErrorMessageList) : ErrorMessage list =
    ErrorMessageList.ToSortedArray errors |> List.ofArray

let private problemOf (text: string) (at: int) (errors: ErrorMessageList) : Problem * Span =
    let all = messages errors

    let raised =
        all
        |> List.tryPick (function
            | OtherErrorMessage(:? Raised as raised) -> Some raised
            | _ -> None)

    match raised with
    | Some raised -> raised.Problem, raised.At
    | None ->
        let expected =
            all
            |> List.choose (function
                | Expected label
                | ExpectedString label -> Some label
                | _ -> None)
            |> List.distinct

        let found, span = foundAt text at
        Problem.Unexpected(expected, found), span

let private parseWith (log: TokenLog option) (file: SourceText) : Located<Declaration> list * Finding list =
    let text = file.Text
    let lines = keywordLines text
    let declarations = ResizeArray()
    let findings = ResizeArray()
    let report at problem = findings.Add { File = file; At = at; Problem = problem }
    // What is no rule file at all is not read to its end.
    let isHopeless () = findings.Count >= 1000

    // From one unindented keyword to the next: nothing reaches over it.
    let parseChunk (first: int) (last: int) (nextLine: int ref) =
        use stream = new CharStream<State>(text, first, last - first, int64 first)
        stream.UserState <- State log

        /// Goes on at the first line in this chunk that begins with a keyword, at or behind an offset.
        let recover (from: int) =
            while nextLine.Value < lines.Length
                  && (let struct (at, _) = lines[nextLine.Value] in at < from) do
                nextLine.Value <- nextLine.Value + 1

            let target =
                if nextLine.Value < lines.Length then
                    let struct (at, _) = lines[nextLine.Value]
                    min at last
                else
                    last

            stream.Seek(int64 target)

        blanks stream |> ignore

        while not stream.IsEndOfStream && not (isHopeless ()) do
            let start = int stream.Index
            let word = wordAt text start

            if not (Keyword.isKeyword word) then
                let found, span = foundAt text start
                let found = if word = "" then found.Trim '`' else word
                report span (UnknownDeclaration found)
                declarations.Add { Value = BrokenOf(word, brokenName text start); At = span }
                recover (start + 1)
            else
                let reply = DeclarationParser.declaration stream

                if reply.Status = Ok then
                    declarations.Add reply.Result
                else
                    let problem, span = problemOf text (int stream.Index) reply.Error
                    report span problem
                    declarations.Add { Value = BrokenOf(word, brokenName text start); At = span }
                    recover (max (start + 1) (int stream.Index))

    let bounds =
        [| yield 0
           for struct (at, unindented) in lines do
               if unindented && at > 0 then
                   yield at
           yield text.Length |]

    let nextLine = ref 0

    for i in 0 .. bounds.Length - 2 do
        if not (isHopeless ()) then
            parseChunk bounds[i] bounds[i + 1] nextLine

    List.ofSeq declarations, List.ofSeq findings

/// The declarations of a file in their order, and what did not parse.
let parse (file: SourceText) : Located<Declaration> list * Finding list = parseWith None file

/// The same, and where the tokens are; they are all there only when everything parsed.
let parseWithTokens (file: SourceText) : Located<Declaration> list * Finding list * Span[] =
    let log = TokenLog()
    let declarations, findings = parseWith (Some log) file
    declarations, findings, log.Spans
