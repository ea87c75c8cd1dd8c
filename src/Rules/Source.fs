namespace Serverless.Rules

/// A half-open range of characters of one source text.
[<Struct>]
type Span = { Start: int; End: int }

[<Struct>]
type Located<'a> = { Value: 'a; At: Span }

/// Line and column, both from 1; columns count UTF-16 units as editors do.
[<Struct>]
type Position = { Line: int; Column: int }

/// A rule file by name, with the table that turns offsets into lines.
[<Sealed>]
type SourceText(name: string, text: string) =
    let starts =
        let found = ResizeArray [ 0 ]

        for i in 0 .. text.Length - 1 do
            if text[i] = '\n' then
                found.Add(i + 1)

        found.ToArray()

    member _.Name = name
    member _.Text = text

    member _.Position(offset: int) : Position =
        let at = System.Array.BinarySearch(starts, offset)
        let line = if at >= 0 then at else ~~~at - 1
        { Line = line + 1; Column = offset - starts[line] + 1 }

    /// The text of a line (from 1) without its line end.
    member _.Line(line: int) : string =
        let first = starts[line - 1]
        let last = if line < starts.Length then starts[line] else text.Length
        text.Substring(first, last - first).TrimEnd('\n', '\r')

module Span =
    let cover (a: Span) (b: Span) : Span = { Start = min a.Start b.Start; End = max a.End b.End }
