/// One declaration as lines: a group is written on one line when that is short enough, and otherwise broken at each of its breaks.
module internal Serverless.Rules.Layout

open System
open System.Collections.Generic
open System.Text
open Serverless.Rules.Comments
open Serverless.Rules.Structure

/// A line without a comment is no longer than this, unless a single token is.
let width = 110

/// A line of the result.
type Line =
    { Indent: int
      Code: string
      /// Lines of one kind that follow each other are aligned.
      Kind: string
      /// The places in the code at which blanks may be put in for that.
      Stops: int list
      Comment: Comment option
      BlankAbove: bool }

/// A file's tokens as they are written, with what stands between them.
type Tokens = { Texts: string[]; Gaps: Gap[]; Marks: Marks }

let comment (indent: int) (found: Comment) : Line =
    { Indent = indent; Code = ""; Kind = ""; Stops = []; Comment = Some found; BlankAbove = found.BlankAbove }

/// Puts code and comments on lines.
[<Sealed>]
type private Writer() =
    let lines = ResizeArray<Line>()
    let code = StringBuilder()
    let mutable indent = 0
    let mutable blankAbove = false
    let mutable kind = ""
    let mutable stops: int list = []
    let mutable isOpen = false

    /// Ends the line; a comment may stand behind its code, or alone.
    member _.Close(behind: Comment option) =
        if isOpen then
            lines.Add { Indent = indent; Code = code.ToString(); Kind = kind; Stops = List.rev stops; Comment = behind; BlankAbove = blankAbove }
            code.Clear() |> ignore
            kind <- ""
            stops <- []
            isOpen <- false

    member this.Open(at: int, blank: bool) =
        this.Close None
        indent <- at
        blankAbove <- blank
        isOpen <- true

    member _.Append(text: string) = code.Append text |> ignore

    member _.Stop(found: string) =
        kind <- found
        stops <- code.Length :: stops

    member this.Comments(found: Comment list, at: int, keepsBlanks: bool, isAtEdge: bool) =
        let mutable isFirst = isAtEdge

        for one in found do
            match one.Placement with
            | Trailing when isOpen -> this.Close(Some one)
            | _ ->
                this.Close None
                lines.Add { comment at one with BlankAbove = one.BlankAbove && keepsBlanks && not isFirst }
                isFirst <- false

    member _.Column = indent + code.Length
    member _.Indent = indent

    member this.Lines: Line list =
        this.Close None
        List.ofSeq lines

/// The lines of the tokens from one to another, which are one declaration.
let lines (tokens: Tokens) (first: int) (last: int) (groups: (int * Group) list) : Line list =
    let marks = tokens.Marks
    let separators = marks.Separators
    let writer = Writer()
    let isBroken = HashSet<int>()
    let bases = Dictionary<int, int>()
    let opened = Stack<struct (int * Group)>()
    let mutable waiting = groups
    /// The indent of what goes on below a line, when a comment alone ended it.
    let mutable hanging = indentation

    let hasOwn (gap: Gap) = gap.Comments |> List.exists (fun one -> one.Placement <> Trailing)

    let hasComments (group: Group) =
        let mutable token = group.First + 1

        while token <= group.Last && tokens.Gaps[token].Comments.IsEmpty do
            token <- token + 1

        token <= group.Last

    /// Whether a group can go on this line, with what follows it up to the next line end that is certain.
    let fits (group: Group) =
        let mutable column = writer.Column
        let mutable token = group.First
        let mutable go = true

        while go && token <= last && column <= width do
            let separator = separators[token]

            match separator with
            | Break(other, _) when token > group.Last && isBroken.Contains other -> go <- false
            | _ ->
                let blank = if token = group.First || separator = Glued then 0 else 1
                column <- column + blank + tokens.Texts[token].Length
                token <- token + 1

        column <= width

    /// Of what is around a token, how far its next line is indented.
    let inner () =
        let mutable deepest = 0

        for struct (group, _) in opened do
            if isBroken.Contains group then
                deepest <- max deepest (bases[group] + indentation)

        deepest

    for token in first..last do
        while opened.Count > 0 && (let struct (_, group) = opened.Peek() in group.Last < token) do
            opened.Pop() |> ignore

        if token = first then
            writer.Open(0, false)
        else
            let gap = tokens.Gaps[token]

            match separators[token] with
            | Break(group, more) when isBroken.Contains group ->
                let opening = marks.Groups[group].First
                // Empty lines are kept between the lines of a block, not at its edges.
                let isBlock = tokens.Texts[opening] = "{"
                hanging <- bases[group] + more + indentation
                // A comment at the end of a block belongs to what is in it.
                let indent = if isBlock then bases[group] + indentation else bases[group] + more
                writer.Comments(gap.Comments, indent, isBlock, (token = opening + 1))
                writer.Open(bases[group] + more, gap.BlankAbove && isBlock && more > 0 && (token > opening + 1 || hasOwn gap))
            | separator when gap.Comments.IsEmpty ->
                if separator <> Glued then
                    writer.Append " "
            | _ ->
                let indent = max hanging (inner ())
                writer.Comments(gap.Comments, indent, false, false)
                writer.Open(indent, false)

        if marks.Stops[token] <> "" then
            writer.Stop marks.Stops[token]

        while not waiting.IsEmpty && (snd waiting.Head).First = token do
            let index, group = waiting.Head
            waiting <- waiting.Tail
            bases[index] <- max writer.Indent (inner ())

            if group.IsTall || hasComments group || not (fits group) then
                isBroken.Add index |> ignore

            opened.Push(struct (index, group))

        writer.Append tokens.Texts[token]

    writer.Lines
