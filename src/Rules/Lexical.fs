/// Words, numbers and strings of rule files, as FParsec parsers. Every token takes the blanks and comments behind it.
module internal Serverless.Rules.Lexical

open System
open FParsec
open FParsec.Error

/// Where the tokens of a text are, as the parser found them. What lies between is blanks and comments, so that nothing has to know twice what a token is.
[<Sealed>]
type TokenLog() =
    let spans = ResizeArray<Span>()

    member _.Add(start: int, finish: int) =
        // What was read in vain is read again, perhaps as something else.
        while spans.Count > 0 && spans[spans.Count - 1].Start >= start do
            spans.RemoveAt(spans.Count - 1)

        spans.Add { Start = start; End = finish }

    member _.Spans: Span[] = spans.ToArray()

/// What the parser of one text keeps. Mutable, since FParsec takes a changed state for consumed input; nothing here needs to be backtracked.
[<Sealed>]
type State(log: TokenLog option) =
    /// Where tokens are noted; checking needs no note of them.
    member _.Log = log
    /// Levels of parentheses and `not`: bounded, so that no input can exhaust the stack.
    member val Depth = 0 with get, set
    /// Where the last token ended, before the blanks behind it.
    member val TokenEnd = 0L with get, set
    /// The line that it ended on.
    member val TokenLine = 0L with get, set

type Parser<'a> = Parser<'a, State>

/// A problem found while parsing, carried through FParsec's own errors.
type Raised = { Problem: Problem; At: Span }

let deepest = 64

let raiseAt (problem: Problem) (start: int64) (finish: int64) : ErrorMessageList =
    ErrorMessageList(OtherErrorMessage(box { Problem = problem; At = { Start = int start; End = int finish } }))

let isNameStart (c: char) = Char.IsAsciiLetter c || c = '_'
let isNamePart (c: char) = Char.IsAsciiLetterOrDigit c || c = '_'

let blanks: Parser<unit> =
    fun stream ->
        stream.SkipWhitespace() |> ignore

        while stream.Peek() = '#' do
            stream.SkipRestOfLine true
            stream.SkipWhitespace() |> ignore

        Reply(())

/// A token with its place; the blanks behind it belong to no place.
let token (parser: Parser<'a>) : Parser<Located<'a>> =
    fun stream ->
        let start = stream.Index
        let reply = parser stream

        if reply.Status = Ok then
            stream.UserState.TokenEnd <- stream.Index
            stream.UserState.TokenLine <- stream.Line
            let at = { Start = int start; End = int stream.Index }

            match stream.UserState.Log with
            | Some log -> log.Add(at.Start, at.End)
            | None -> ()

            blanks stream |> ignore
            Reply({ Value = reply.Result; At = at })
        else
            Reply(reply.Status, reply.Error)

/// Only on the line of the token before: on the next one the same word begins something else.
let onSameLine (parser: Parser<'a>) : Parser<'a> =
    fun stream -> if stream.Line = stream.UserState.TokenLine then parser stream else Reply(Error, NoErrorMessages)

/// A construct of several tokens with its place.
let spanned (parser: Parser<'a>) : Parser<Located<'a>> =
    fun stream ->
        let start = stream.Index
        let reply = parser stream

        if reply.Status = Ok then
            Reply(Ok, { Value = reply.Result; At = { Start = int start; End = int stream.UserState.TokenEnd } }, reply.Error)
        else
            Reply(reply.Status, reply.Error)

/// The characters of a name: letters, digits and `_`, with `.` and `-` between them.
let private nameLength (stream: CharStream<State>) =
    if not (isNameStart (stream.Peek())) then
        0
    else
        let mutable at = 1
        let mutable go = true

        while go do
            let c = stream.Peek at

            if isNamePart c then at <- at + 1
            elif (c = '.' || c = '-') && isNamePart (stream.Peek(at + 1)) then at <- at + 2
            else go <- false

        at

let word (text: string) : Parser<Located<unit>> =
    let missing = expected $"`{text}`"

    token (fun stream ->
        if stream.Match text && not (isNamePart (stream.Peek text.Length)) then
            stream.Skip text.Length
            Reply(())
        else
            Reply(Error, missing))

let symbol (text: string) : Parser<Located<unit>> =
    let missing = expected $"`{text}`"

    token (fun stream -> if stream.Skip text then Reply(()) else Reply(Error, missing))

let private named (label: string) (excluded: Set<string>) : Parser<Name> =
    let missing = expected label

    token (fun stream ->
        let length = nameLength stream

        if length = 0 then
            Reply(Error, missing)
        else
            let text = stream.PeekString length

            if excluded.Contains text then
                Reply(Error, missing)
            else
                stream.Skip length
                Reply text)

/// A name where only a name can stand, so that no word is reserved.
let name (label: string) : Parser<Name> = named label Set.empty

/// A name where a word of a condition or a declaration can stand as well.
let freeName (label: string) : Parser<Name> = named label Keyword.Reserved

let nameBut (excluded: string list) (label: string) : Parser<Name> = named label (set excluded)

let private isNumberPart (stream: CharStream<State>) (at: int) =
    let c = stream.Peek at

    Char.IsAsciiLetterOrDigit c
    || c = '%'
    || (c = '.' && Char.IsAsciiDigit(stream.Peek(at + 1)))
    || (c = '/' && Char.IsAsciiLetter(stream.Peek(at + 1)))

/// A number with its unit, unread: `75%`, `1h30m`, `500m cpu`.
let number: Parser<Located<string>> =
    let missing = expected "a value"

    token (fun stream ->
        if not (Char.IsAsciiDigit(stream.Peek())) then
            Reply(Error, missing)
        else
            let mutable length = 1

            while isNumberPart stream length do
                length <- length + 1

            let text = stream.Read length
            let mutable blank = 0

            while stream.Peek blank = ' ' || stream.Peek blank = '\t' do
                blank <- blank + 1

            let isCpu =
                blank > 0
                && stream.Peek blank = 'c'
                && stream.Peek(blank + 1) = 'p'
                && stream.Peek(blank + 2) = 'u'
                && not (isNamePart (stream.Peek(blank + 3)))

            if isCpu then
                stream.Skip(blank + 3)
                Reply(text + " cpu")
            else
                Reply text)

/// A string on one line; `\"` and `\\` are the only escapes, so that regular expressions in SQL stay as they are.
let text: Parser<Located<string>> =
    let missing = expected "a string in quotes"

    token (fun stream ->
        if stream.Peek() <> '"' then
            Reply(Error, missing)
        else
            let start = stream.Index
            stream.Skip()
            let value = Text.StringBuilder()
            let mutable go = true

            while go do
                match stream.Peek() with
                | '"'
                | '\n'
                | '\r'
                | CharStream.EndOfStreamChar -> go <- false
                | '\\' when stream.Peek 1 = '"' || stream.Peek 1 = '\\' ->
                    value.Append(stream.Peek 1) |> ignore
                    stream.Skip 2
                | c ->
                    value.Append c |> ignore
                    stream.Skip()

            if stream.Skip '"' then
                Reply(value.ToString())
            else
                Reply(FatalError, raiseAt UnclosedString start stream.Index))

/// Runs a parser one level deeper.
let nested (parser: Parser<'a>) : Parser<'a> =
    fun stream ->
        let state = stream.UserState

        if state.Depth >= deepest then
            Reply(FatalError, raiseAt (NestedTooDeep deepest) stream.Index (stream.Index + 1L))
        else
            state.Depth <- state.Depth + 1
            let reply = parser stream
            state.Depth <- state.Depth - 1
            reply
