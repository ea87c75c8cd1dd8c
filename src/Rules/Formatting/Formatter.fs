/// Rule files in their canonical layout. What is written is decided by the tokens, by how comments stand and by empty
/// lines, not by where lines ended, so that formatting twice is formatting once.
module internal Serverless.Rules.Formatter

open System
open System.Text
open Serverless.Rules.Comments
open Serverless.Rules.Layout

/// Blanks that aligning may put into a line at one place: beyond that the eye does not follow.
let private widestGap = 40

/// A declaration, or a comment between declarations.
type private Item = { IsComment: bool; Lines: ResizeArray<Line> }

/// Runs of neighbours that belong together, in their order.
let private runs (together: 'a -> 'a -> bool) (all: 'a list) : 'a list list =
    (all, [])
    ||> List.foldBack (fun item runs ->
        match runs with
        | (next :: _ as run) :: rest when together item next -> (item :: run) :: rest
        | _ -> [ item ] :: runs)

let private pad (line: Line) (stop: int) (by: int) : Line =
    let at = line.Stops[stop]

    { line with
        Code = line.Code.Insert(at, String(' ', by))
        Stops = line.Stops |> List.mapi (fun index column -> if index >= stop then column + by else column) }

/// Writes the same stop of several lines below each other, if all of them stay within the width and no gap becomes too wide.
let rec private align (stop: int) (lines: Line list) : Line list =
    let stopped = lines |> List.filter (fun line -> line.Stops.Length > stop)

    if stopped.IsEmpty then
        lines
    else
        let columns = stopped |> List.map (fun line -> line.Stops[stop])
        let target = List.max columns

        let aligned =
            lines
            |> List.map (fun line -> if line.Stops.Length > stop then pad line stop (target - line.Stops[stop]) else line)

        if target - List.min columns <= widestGap && aligned |> List.forall (fun line -> line.Indent + line.Code.Length <= width) then
            align (stop + 1) aligned
        else
            lines

/// Aligns neighbours of one kind.
let private alignKinds (lines: Line list) : Line list =
    lines
    |> runs (fun above below -> above.Kind <> "" && above.Kind = below.Kind && above.Indent = below.Indent && not below.BlankAbove)
    |> List.collect (align 0)

/// Comments behind code, and those that go on below them, stand at one column in lines that follow each other.
let private withComments (lines: Line list) : string list =
    let isBehind (line: Line) =
        match line.Comment with
        | Some comment -> comment.Placement <> Own
        | None -> false

    let written (line: Line) = String(' ', line.Indent) + line.Code

    let together (above: Line) (below: Line) =
        isBehind above && isBehind below && not below.BlankAbove && (below.Code = "" || above.Indent = below.Indent)

    let runs = runs together lines

    // Each with the line below it.
    (runs, None)
    ||> List.mapFoldBack (fun run below -> (run, below), List.tryHead run)
    |> fst
    |> List.collect (fun (run, below) ->
        let longest = run |> List.map (fun line -> if line.Code = "" then 0 else line.Indent + line.Code.Length) |> List.max

        let column =
            match below with
            // At the same column, a comment of its own would be taken to go on.
            | Some below when below.Code = "" && below.Indent = longest + 2 -> longest + 3
            | _ -> longest + 2

        [ for line in run do
              if line.BlankAbove then
                  ""

              match line.Comment with
              | Some comment when isBehind line -> (if line.Code = "" then "" else written line).PadRight column + comment.Text
              | Some comment -> written line + comment.Text
              | None -> written line ])

/// A declaration of several lines stands by itself, with the comments right above it.
let private separate (items: ResizeArray<Item>) : unit =
    let isTall (item: Item) = item.Lines |> Seq.filter (fun line -> line.Code <> "") |> Seq.truncate 2 |> Seq.length > 1

    let blankAbove index =
        let lines = items[index].Lines
        lines[0] <- { lines[0] with BlankAbove = true }

    for index in 0 .. items.Count - 1 do
        if isTall items[index] then
            let mutable top = index

            while top > 0 && items[top - 1].IsComment && not items[top].Lines[0].BlankAbove do
                top <- top - 1

            blankAbove top

            if index + 1 < items.Count then
                blankAbove (index + 1)

/// The text of a file that parsed, in its canonical layout: comments as they stand, `\n` at the end of each line.
let layOut (file: SourceText) (declarations: Located<Declaration> list) (spans: Span[]) : string =
    let text = file.Text
    let marks = Structure.Marks(text, spans)
    let gaps = gaps text spans

    for declaration in declarations do
        Structure.mark marks declaration

    let texts = spans |> Array.map (fun span -> Quantity.normal (text.Substring(span.Start, span.End - span.Start)))
    let tokens = { Texts = texts; Gaps = gaps; Marks = marks }
    let items = ResizeArray<Item>()

    /// The comments behind a declaration go with it, all others stand by themselves.
    let addComments (gap: Gap) =
        for one in gap.Comments do
            let above = if items.Count = 0 then None else Some items[items.Count - 1].Lines

            match one.Placement, above with
            | Trailing, Some lines -> lines[lines.Count - 1] <- { lines[lines.Count - 1] with Comment = Some one }
            | Continued, Some lines -> lines.Add(comment 0 one)
            | _ -> items.Add { IsComment = true; Lines = ResizeArray [ comment 0 { one with Placement = Own } ] }

    let mutable group = 0

    for declaration in declarations do
        let first = marks.At declaration.At.Start
        let last = marks.Last declaration.At
        let own = ResizeArray()

        while group < marks.Groups.Count && marks.Groups[group].First <= last do
            own.Add((group, marks.Groups[group]))
            group <- group + 1

        addComments gaps[first]

        let lines = ResizeArray(Layout.lines tokens first last (List.ofSeq own))
        lines[0] <- { lines[0] with BlankAbove = gaps[first].BlankAbove }
        items.Add { IsComment = false; Lines = lines }

    addComments gaps[spans.Length]
    separate items
    let lines = items |> Seq.collect _.Lines |> List.ofSeq |> alignKinds |> withComments
    let out = StringBuilder()

    for line in lines |> List.skipWhile ((=) "") do
        out.Append(line).Append('\n') |> ignore

    out.ToString()

/// The canonical text of a file, or what keeps it from being read.
let format (file: SourceText) : Result<string, Finding list> =
    let declarations, findings, spans = FileParser.parseWithTokens file
    if findings.IsEmpty then Ok(layOut file declarations spans) else Error findings
