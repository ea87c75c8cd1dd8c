/// Where a declaration may be broken into lines, and what hangs together: from its syntax to marks on its tokens.
/// The tokens themselves stay as they were written, parentheses that are not needed among them.
module internal Serverless.Rules.Structure

open Serverless.Core

/// What stands between a token and the one before it, when no line ends there.
type Separator =
    | Glued
    | Spaced
    /// A blank, or a line end when its group is broken; the next line is indented by so much more than the group.
    | Break of group: int * indent: int

/// Tokens that are written on one line together, or broken at all of their breaks.
[<Struct>]
type Group =
    { First: int
      Last: int
      /// Broken however short it is.
      IsTall: bool }

let indentation = 2

/// The marks of a whole file, filled declaration by declaration.
[<Sealed>]
type Marks(text: string, tokens: Span[]) =
    let separators = Array.create tokens.Length Spaced
    let groups = ResizeArray<Group>()
    let stops = Array.create tokens.Length ""

    let starts = tokens |> Array.map _.Start

    /// The first token at or behind an offset.
    let tokenAt (offset: int) =
        let found = System.Array.BinarySearch(starts, offset)
        if found >= 0 then found else ~~~found

    member _.Separators = separators
    /// In the order in which they begin, the outer of two before the inner.
    member _.Groups = groups
    /// Tokens that are written below each other in consecutive lines of one kind, and the kind.
    member _.Stops = stops
    member _.At(offset: int) : int = tokenAt offset
    member _.Last(span: Span) : int = tokenAt span.End - 1
    member _.Is(token: int, word: string) : bool = System.String.CompareOrdinal(text, tokens[token].Start, word, 0, word.Length) = 0 && tokens[token].End - tokens[token].Start = word.Length

    member _.Group(first: int, last: int, isTall: bool) : int =
        groups.Add { First = first; Last = last; IsTall = isTall }
        groups.Count - 1

    member this.Group(span: Span) : int = this.Group(tokenAt span.Start, this.Last span, false)

    member _.Break(token: int, group: int, indent: int) =
        separators[token] <- Break(group, indent)

    member _.Glue(token: int) = separators[token] <- Glued
    member _.Stop(token: int, kind: string) = stops[token] <- kind

let rec private expression (marks: Marks) (expr: Expr) : unit =
    match expr.Value with
    | Number _
    | Tuned _
    | Named _
    | ExprNode.Truth _
    | Inside _ -> ()
    | Call(name, arguments) ->
        marks.Glue(marks.At name.At.End)
        arguments |> List.iter (expression marks)
    | Comparing(left, _, right) ->
        expression marks left
        expression marks right
    | Negation inner -> expression marks inner
    | AndAll parts
    | OrAny parts -> joined marks (marks.Group expr.At) parts
    | HeldFor(inner, width) ->
        match inner.Value with
        // Without parentheses `for` stands below the parts that it is about.
        | AndAll parts
        | OrAny parts when parts.Head.At.Start = inner.At.Start ->
            let group = marks.Group expr.At
            joined marks group parts
            marks.Break(marks.At width.At.Start - 1, group, indentation)
        | _ -> expression marks inner

and private joined marks group parts =
    for part in parts.Tail do
        // The `and` or `or` before it.
        marks.Break(marks.At part.At.Start - 1, group, indentation)

    parts |> List.iter (expression marks)

let private clause (marks: Marks) (clause: Clause) =
    match clause with
    | When condition
    | Until condition -> expression marks condition
    | Do { Value = TrackNode(metric, _) } -> expression marks metric
    | Do _ -> ()
    | Priority _ -> ()

/// A block in braces whose lines begin at these offsets.
let private block (marks: Marks) (first: int) (last: int) (isTall: bool) (lines: int list) =
    let group = marks.Group(first, last, isTall)

    for line in lines do
        marks.Break(marks.At line, group, indentation)

    marks.Break(last, group, 0)

/// Items between commas, a line each when they are many.
let private listed (marks: Marks) (spans: Span list) =
    match spans with
    | [] -> ()
    | first :: rest ->
        let group = marks.Group(Span.cover first (List.last spans))

        for item in rest do
            marks.Break(marks.At item.Start, group, indentation)

let private kinds (marks: Marks) (group: int) (kinds: Located<ActionKind> list) =
    // `resize` alone is two kinds in one place.
    for kind in kinds do
        if kind.At.Start > kinds.Head.At.Start then
            marks.Break(marks.At kind.At.Start, group, indentation)

let private scenarioLine (marks: Marks) (line: ScenarioLine) =
    match line with
    | SeriesOf(name, segments) ->
        marks.Stop(marks.At name.At.End, "series")
        segments |> List.map _.At |> listed marks
    | Expect { Value = ExpectHolds(condition, _) } -> expression marks condition
    | Expect _
    | StartsAt _
    | MachineHas _
    | EventAt _ -> ()

let private claim (marks: Marks) (group: int) (claim: ClaimNode) =
    /// Before the word that stands right before a span.
    let breakBefore (at: Span) = marks.Break(marks.At at.Start - 1, group, indentation)

    let given (condition: Expr option) =
        condition |> Option.iter (fun condition ->
            breakBefore condition.At
            expression marks condition)

    match claim with
    | AtMostOf _
    | SettlesOf _ -> ()
    | NeverOf(never, condition) ->
        kinds marks group never
        given condition
    | AlwaysOf(holds, condition) ->
        expression marks holds
        given condition
    | LeadsToOf(cause, _, _, within, during) ->
        expression marks cause
        // leads to
        marks.Break(marks.Last cause.At + 1, group, indentation)
        breakBefore within.At
        during |> Option.iter (fun during -> breakBefore during.At)

/// Marks one declaration.
let mark (marks: Marks) (declaration: Located<Declaration>) : unit =
    let first = marks.At declaration.At.Start
    let last = marks.Last declaration.At
    let whole () = marks.Group(first, last, false)
    let breakBefore group token = marks.Break(token, group, indentation)

    match declaration.Value with
    | UnitOf _
    | SizeOf _
    | BrokenOf _ -> ()
    | PolicyHeader(_, extended, zone) ->
        let group = whole ()

        match extended with
        | Some extended ->
            breakBefore group (marks.At extended.Parent.At.Start - 1)
            extended.Without |> List.truncate 1 |> List.iter (fun name -> breakBefore group (marks.At name.At.Start - 1))
            extended.Without |> List.map _.At |> listed marks
        | None -> ()

        zone |> Option.iter (fun zone -> breakBefore group (marks.At zone.At.Start - 1))
    | CooldownOf parts -> parts |> List.map (fun (kind, _) -> kind.At) |> listed marks
    | ScheduleOf(name, included, excluded) ->
        marks.Stop(marks.At name.At.End, "schedule")
        let group = whole ()
        excluded |> List.truncate 1 |> List.iter (fun item -> breakBefore group (marks.At item.Span.Start - 1))
        included |> List.map _.Span |> listed marks
        excluded |> List.map _.Span |> listed marks

        for token in first + 1 .. last do
            if marks.Is(token, "..") then
                marks.Glue token
                marks.Glue(token + 1)
    | LetOf(name, body) ->
        marks.Stop(marks.At name.At.End, "let")
        expression marks body
    | MetricOf(_, _, _, _, sql) -> breakBefore (whole ()) (marks.At sql.At.Start - 2)
    | RuleOf(_, on, clauses) ->
        let opening = marks.At on.At.End
        marks.Stop(opening, "rule")
        block marks opening last false (clauses |> List.map _.At.Start)

        for index, one in List.indexed clauses do
            clause marks one.Value

            if index > 0 && one.Value.IsDo then
                marks.Stop(marks.At one.At.Start, "rule")
    | ForbidOf(forbidden, condition) ->
        let group = whole ()
        kinds marks group forbidden

        match condition with
        | Some condition ->
            breakBefore group (marks.At condition.At.Start - 1)
            expression marks condition
        | None -> ()
    | PropertyOf(name, said) ->
        marks.Stop(marks.At name.At.End, "property")
        claim marks (whole ()) said.Value
    | ScenarioOf(title, lines) ->
        block marks (marks.At title.At.End) last (not lines.IsEmpty) (lines |> List.map _.At.Start)

        for line in lines do
            scenarioLine marks line.Value

    // What holds everywhere. A `-` by itself is the sign of a priority.
    for token in first..last do
        if marks.Is(token, ",") || marks.Is(token, ")") then marks.Glue token
        if (marks.Is(token, "(") || marks.Is(token, "-")) && token < last then marks.Glue(token + 1)
