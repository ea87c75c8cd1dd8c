/// The comments of a rule file: what stands between its tokens, and how it stands there.
module internal Serverless.Rules.Comments

/// How a comment stands to what is around it: kept by the formatter, whatever else moves.
type Placement =
    /// Behind a token, on its line.
    | Trailing
    /// Below a comment that stands behind a token, at the same column: it goes on.
    | Continued
    /// On a line of its own.
    | Own

type Comment =
    { Text: string
      Placement: Placement
      /// There is an empty line above it.
      BlankAbove: bool }

/// What stands before a token, or before the end of the file.
type Gap =
    { Comments: Comment list
      /// There is an empty line right above the token.
      BlankAbove: bool }

let private isLineEnd (c: char) = c = '\n' || c = '\r'

/// Line ends from one offset to another; `\r\n` is one, as for the parser.
let private lineEnds (text: string) (from: int) (until: int) =
    let mutable count = 0

    for at in from .. until - 1 do
        if text[at] = '\n' || (text[at] = '\r' && not (at + 1 < text.Length && text[at + 1] = '\n')) then
            count <- count + 1

    count

let private columnOf (text: string) (at: int) =
    let mutable start = at

    while start > 0 && not (isLineEnd text[start - 1]) do
        start <- start - 1

    at - start

/// The gap from the end of a token, or the beginning of the file, to the next token or the end of the file.
let gap (text: string) (from: int) (until: int) : Gap =
    let rec go at (above: struct (Placement * int)) found =
        let mutable start = at

        while start < until && text[start] <> '#' do
            start <- start + 1

        let ends = lineEnds text at start

        if start >= until then
            // The line end of a comment itself is among those counted.
            { Comments = List.rev found; BlankAbove = ends > 1 }
        else
            let mutable last = start

            while last < until && not (isLineEnd text[last]) do
                last <- last + 1

            let struct (placement, column) = above

            let stands =
                if ends = 0 && from > 0 && List.isEmpty found then struct (Trailing, columnOf text start)
                elif ends = 1 && placement <> Own && columnOf text start = column then struct (Continued, column)
                else struct (Own, 0)

            let struct (placement, _) = stands
            let comment = { Text = text.Substring(start, last - start).TrimEnd(); Placement = placement; BlankAbove = ends > 1 }
            go last stands (comment :: found)

    go from (struct (Own, 0)) []

/// The gaps before each token, and the one before the end of the file.
let gaps (text: string) (tokens: Span[]) : Gap[] =
    [| for index in 0 .. tokens.Length do
           let from = if index = 0 then 0 else tokens[index - 1].End
           let until = if index = tokens.Length then text.Length else tokens[index].Start
           gap text from until |]
