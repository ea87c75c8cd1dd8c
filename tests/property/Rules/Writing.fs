/// Declarations written down in any layout that means the same: the other half of `parse ∘ print = id`.
module Serverless.Tests.Property.Rules.Writing

open System
open System.Text
open Serverless.Core
open Serverless.Rules

let private quoted (text: string) = "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\""
let private optional word write (value: 'a option) = match value with Some value -> word :: write value | None -> []
let private listed (separator: string) (parts: string list list) = parts |> List.reduce (fun left right -> left @ separator :: right)

/// An `at` that must stay on the line of the token before it, and one that must not.
let private atOnSameLine, private atOnNewLine = "\u0001at", "\u0002at"

let rec private value (expr: Expr) =
    match expr.Value with
    | Number text
    | Named text -> [ text ]
    | Tuned(literal, None) -> "tune" :: value literal
    | Tuned(literal, Some(least, most)) -> "tune" :: value literal @ "in" :: value least @ ".." :: value most
    | other -> failwith $"%A{other} is no value"

/// Writes tokens; parentheses that are not needed come and go by chance.
type Writer(random: Random) =
    let parenthesised tokens = "(" :: tokens @ [ ")" ]
    let perhaps tokens = if random.Next 12 = 0 then parenthesised tokens else tokens

    member this.Condition(expr: Expr) : string list =
        match expr.Value with
        | HeldFor(inner, width) ->
            let inner = match inner.Value with HeldFor _ -> parenthesised (this.Condition inner) | _ -> this.Any inner
            inner @ "for" :: value width |> perhaps
        | _ -> this.Any expr

    member private this.Any(expr: Expr) =
        match expr.Value with
        | OrAny parts -> parts |> List.map (fun part -> match part.Value with OrAny _ -> this.Term part | _ -> this.All part) |> listed "or" |> perhaps
        | _ -> this.All expr

    member private this.All(expr: Expr) =
        match expr.Value with
        | AndAll parts -> parts |> List.map (fun part -> match part.Value with AndAll _ -> this.Term part | _ -> this.Part part) |> listed "and" |> perhaps
        | _ -> this.Part expr

    member private this.Part(expr: Expr) =
        match expr.Value with
        | Negation inner -> "not" :: this.Part inner |> perhaps
        | Comparing(left, operator, right) ->
            let sign = match operator.Value with Compares comparison -> PolicyText.comparison comparison | SingleEquals -> "="
            this.Term left @ sign :: this.Term right |> perhaps
        | _ -> this.Term expr

    member private this.Term(expr: Expr) =
        match expr.Value with
        | Number _
        | Tuned _
        | Named _ -> perhaps (value expr)
        | ExprNode.Truth value -> perhaps [ (if value then "true" else "false") ]
        | Inside schedule -> perhaps [ "during"; schedule.Value ]
        | Call _ -> perhaps (this.Tracked expr)
        | _ -> parenthesised (this.Condition expr)

    member private this.Tracked(expr: Expr) =
        match expr.Value with
        | Call(name, []) -> [ name.Value; "("; ")" ]
        | Call(name, arguments) -> name.Value :: parenthesised (arguments |> List.map this.Condition |> listed ",")
        | _ -> value expr

    member private this.Kinds(kinds: ActionKind list) : string list =
        match kinds with
        | [] -> []
        | ResizeUpAction :: ResizeDownAction :: rest when random.Next 2 = 0 -> "," :: "resize" :: this.Kinds rest
        | kind :: rest -> "," :: List.ofArray ((PolicyText.actionKind kind).Split ' ') @ this.Kinds rest

    member private this.Action(action: ActionNode) =
        match action with
        | SuspendNode clauses ->
            "suspend"
            :: (clauses
                |> List.collect (fun (what, idle) ->
                    "breaking" :: (if what.Value = Transactions then [ "transactions" ] else [ "pinned"; "sessions" ]) @ "idle" :: value idle))
        | ResumeNode at -> "resume" :: optional "at" value at
        | ResizeByNode(up, by) -> "resize" :: (if up then "up" else "down") :: value by
        | ResizeToNode goal -> "resize" :: "to" :: value goal
        | TrackNode(metric, target) -> "resize" :: "track" :: this.Tracked metric @ "at" :: value target

    member private this.Clause(clause: Clause) =
        match clause with
        | When condition -> "when" :: this.Condition condition
        | Until condition -> "until" :: this.Condition condition
        | Do action -> "do" :: this.Action action.Value
        | Priority text when text.StartsWith '-' -> [ "priority"; "-"; text.Substring 1 ]
        | Priority text -> [ "priority"; text ]

    member private _.Items(items: ScheduleItem list) =
        let days = [| "mon"; "tue"; "wed"; "thu"; "fri"; "sat"; "sun" |]
        let range first last = if first = last && random.Next 2 = 0 then [ first ] else [ first; ".."; last ]

        let item (item: ScheduleItem) =
            let on =
                match item.Days |> Option.map _.Value with
                | Some(Weekday(first, last)) -> range days[first] days[last]
                | Some(DateRange(first, last)) -> range first last
                | Some Daily -> [ "daily" ]
                | None -> []

            on @ (match item.Times with Some times -> [ fst times.Value; ".."; snd times.Value ] | None -> [])

        items |> List.map item |> listed ","

    member private this.KindList(kinds: Located<ActionKind> list) = List.tail (this.Kinds(kinds |> List.map _.Value))

    /// A condition where some words would begin something else.
    member private this.ConditionBut(words: string list, expr: Expr) =
        match this.Condition expr with
        | first :: _ as tokens when List.contains first words -> parenthesised tokens
        | tokens -> tokens

    member private this.Claim(claim: ClaimNode) =
        let kind kinds = match kinds with [ one ] -> PolicyText.actionKind one | _ -> "resize"
        let words (text: string) = List.ofArray (text.Split ' ')

        match claim with
        | AtMostOf(count, kinds, per) -> [ "at"; "most"; count.Value ] @ words (kind kinds.Value) @ "per" :: value per
        | NeverOf(kinds, given) -> "never" :: this.KindList kinds @ optional "when" this.Condition given
        | AlwaysOf(holds, given) -> "always" :: this.Condition holds @ optional "when" this.Condition given
        | LeadsToOf(cause, isFirst, kinds, within, during) ->
            this.ConditionBut([ "at"; "never"; "always"; "settles" ], cause)
            @ "leads" :: "to" :: (if isFirst then [ "first" ] else [])
            @ words (kind kinds.Value)
            @ "within" :: value within
            @ optional "while" (fun (during: Located<Compute>) -> [ (if during.Value = OnRunning then "running" else "suspended") ]) during
        | SettlesOf within -> "settles" :: "within" :: value within

    member private this.Segments(segments: Segment list) : string list =
        let level (expr: Expr) = match expr.Value with ExprNode.Truth value -> [ (if value then "true" else "false") ] | _ -> value expr

        let segment (segment: Segment) =
            match segment.Value with
            | Level(first, length) -> level first @ optional "for" value length
            | Ramp(first, last, length) -> level first @ "->" :: level last @ "over" :: value length
            | SegmentNode.Gap length -> (if random.Next 2 = 0 then "?" else "missing") :: optional "for" value length
            | Rising length -> "rising" :: optional "for" value length
            | Repeated(inner, times) -> parenthesised (this.Segments inner) @ [ "times"; times.Value ]

        segments |> List.map segment |> listed ","

    member private _.Event(event: EventNode) =
        match event with
        | EffectTurns(kind, turn) ->
            let turn = match turn with Takes length -> "takes" :: value length | Succeeds -> [ "succeeds" ] | Fails -> [ "fails" ] | Deferred -> [ "deferred" ] | Infeasible -> [ "infeasible" ] | Refused -> [ "refused" ]
            (match kind with SuspendEffect -> "suspend" | ResumeEffect -> "resume" | ResizeEffect -> "resize") :: turn
        | OperatorDoes OperatorSuspend -> [ "operator"; "suspend" ]
        | OperatorDoes(OperatorResume at) -> "operator" :: "resume" :: optional atOnSameLine value at
        | OperatorDoes(OperatorResize size) -> "operator" :: "resize" :: "to" :: value size
        | OperatorDoes OperatorPause -> [ "operator"; "pause" ]
        | OperatorDoes OperatorUnpause -> [ "operator"; "unpause" ]
        | ComputeDoes Crashes -> [ "compute"; "crashes" ]
        | ComputeDoes Stops -> [ "compute"; "stops" ]
        | ComputeDoes(Serves size) -> "compute" :: "serves" :: "at" :: value size
        | ClockIsSet(Forward by) -> "clock" :: "forward" :: value by
        | ClockIsSet(Back by) -> "clock" :: "back" :: value by
        | StatementsCome(None, length) -> "statement" :: "for" :: value length
        | StatementsCome(Some count, length) -> count.Value :: "statements" :: "for" :: value length

    member private this.Expectation(expected: ExpectNode) =
        let times (times: TimesNode option) =
            match times with
            | None -> []
            | Some(AtTime at) -> atOnSameLine :: value at
            | Some(UntilTime until) -> "until" :: value until
            | Some(AfterTime after) -> "after" :: value after
            | Some(BetweenTimes(first, last)) -> "between" :: value first @ ".." :: value last

        match expected with
        | ExpectNothing during -> "nothing" :: times during
        | ExpectNo(kinds, during) -> "no" :: this.KindList kinds @ times during
        | ExpectAction(kinds, size, by, during) ->
            let action =
                match kinds.Value with
                | [ SuspendAction ] -> [ "suspend" ]
                | [ ResumeAction ] -> "resume" :: optional atOnSameLine value size
                | [ ResizeUpAction ] -> "resize" :: "up" :: optional "to" value size
                | [ ResizeDownAction ] -> "resize" :: "down" :: optional "to" value size
                | _ -> "resize" :: optional "to" value size

            action @ optional "by" (fun (name: Name) -> [ name.Value ]) by @ times during
        | ExpectRunning(size, during) -> "running" :: (size |> Option.map value |> Option.defaultValue []) @ times (Some during)
        | ExpectSuspended during -> "suspended" :: times (Some during)
        | ExpectHolds(holds, during) -> this.ConditionBut([ "nothing"; "no"; "running"; "suspended"; "suspend"; "resume"; "resize" ], holds) @ times during

    member private this.Line(line: ScenarioLine) =
        match line with
        | StartsAt(instant, state) ->
            let state =
                match state.Value with
                | FromRunning(size, since) -> "running" :: value size @ optional "for" value since
                | FromSuspended size -> "suspended" :: (size |> Option.map value |> Option.defaultValue [])

            "start" :: instant.Value :: state
        | MachineHas(cpu, memory) -> "machine" :: value cpu @ "+" :: value memory @ [ "memory" ]
        | SeriesOf(name, segments) -> name.Value :: "=" :: this.Segments segments
        | EventAt(at, event) -> optional atOnNewLine value at @ this.Event event.Value
        | Expect expected -> "expect" :: this.Expectation expected.Value

    member this.Declaration(declaration: Declaration) : string list =
        let name (name: Name) = [ name.Value ]

        match declaration with
        | PolicyHeader(named, extended, zone) ->
            let extends (extended: Extension) =
                extended.Parent.Value :: (if extended.Without.IsEmpty then [] else "without" :: (extended.Without |> List.map name |> listed ","))

            "policy" :: (named |> Option.map name |> Option.defaultValue [])
            @ optional "extends" extends extended
            @ optional "zone" (fun (zone: Located<string>) -> [ quoted zone.Value ]) zone
        | UnitOf(cpu, memory) -> [ "unit"; "cu"; "=" ] @ value cpu @ "+" :: value memory @ [ "memory" ]
        | SizeOf(least, most, step, during) -> "size" :: value least @ ".." :: value most @ optional "step" value step @ optional "during" name during
        | CooldownOf parts ->
            let word kind = match kind with AfterUp -> "up" | AfterDown -> "down" | BeforeSuspend -> "suspend"
            "cooldown" :: (parts |> List.map (fun (kind, length) -> word kind.Value :: value length) |> listed ",")
        | ScheduleOf(named, included, excluded) ->
            "schedule" :: named.Value :: "=" :: this.Items included @ (if excluded.IsEmpty then [] else "except" :: this.Items excluded)
        | LetOf(named, body) -> "let" :: named.Value :: "=" :: this.Condition body
        | MetricOf(named, kind, every, stale, sql) ->
            [ "metric"; named.Value; ":"; kind.Value; "every" ] @ value every @ optional "stale" value stale @ [ "from"; "sql"; quoted sql.Value ]
        | RuleOf(named, on, clauses) ->
            [ "rule"; named.Value; "on"; (if on.Value = OnRunning then "running" else "suspended"); "{" ]
            @ (clauses |> List.collect (fun clause -> this.Clause clause.Value))
            @ [ "}" ]
        | ForbidOf(kinds, condition) -> "forbid" :: this.KindList kinds @ optional "when" this.Condition condition
        | PropertyOf(named, claim) -> "property" :: named.Value :: "=" :: this.Claim claim.Value
        | ScenarioOf(title, lines) -> "scenario" :: quoted title.Value :: "{" :: (lines |> List.collect (fun line -> this.Line line.Value)) @ [ "}" ]
        | BrokenOf _ -> failwith "what did not parse is not written"

let private glue = "(){},=:+<>!.\""

/// Puts tokens on lines, with blanks and comments anywhere they may be. Gives the comments too, each with how many tokens stand before it.
let layOut (random: Random) (declarations: string list list) : string * (int * string) list =
    let out = StringBuilder()
    let comments = ResizeArray()
    let newline = match random.Next 8 with 0 -> "\r\n" | 1 -> "\r" | _ -> "\n"
    let calm = 2 + random.Next 40
    let mutable count = 0
    let mutable above = ""

    let chance n = random.Next(n * calm / 4 + 1) = 0

    let comment () =
        let text = "#" + [| ""; " why"; "! { \"not a string"; " rule x on running {"; " 数 é \uFFFF"; "\t\ttabs\tin it"; "# " + String('-', 30) |][random.Next 7]
        comments.Add((count, text.TrimEnd()))
        out.Append(text).Append(newline) |> ignore

    for declaration in declarations do
        for index, marked in List.indexed declaration do
            let token = marked.TrimStart('\u0001', '\u0002')
            let needed = above <> "" && not (glue.Contains above[above.Length - 1]) && not (glue.Contains token[0])
            let before = out.Length

            if marked <> atOnSameLine && chance 3 then
                for _ in 0 .. random.Next 3 do
                    match random.Next 4 with
                    | 0 -> comment ()
                    | 1 -> out.Append("\t ") |> ignore
                    | 2 -> out.Append(String(' ', random.Next 9)) |> ignore
                    | _ -> out.Append(newline) |> ignore

            if marked = atOnNewLine && not (out.ToString(before, out.Length - before).Contains newline) then
                out.Append newline |> ignore

            // A keyword at the beginning of a line always begins a declaration.
            let isFirst = out.Length = 0 || out[out.Length - 1] = '\n' || out[out.Length - 1] = '\r'

            if (index > 0 && isFirst) || (out.Length = before && (needed || random.Next 2 = 0)) then
                out.Append ' ' |> ignore
            elif index = 0 && random.Next 3 > 0 then
                out.Append newline |> ignore

            // On one line, a number before `cpu` is a number of cores.
            if token = "cpu" && above <> "" && Char.IsAsciiDigit above[0] && out.ToString(before, out.Length - before).Trim([| ' '; '\t' |]) = "" then
                out.Append(newline).Append ' ' |> ignore

            // A literal in cores has a blank in it, of any width.
            out.Append(if token.EndsWith(" cpu", StringComparison.Ordinal) then token.Replace(" ", String(' ', 1 + random.Next 2)) else token) |> ignore
            above <- token
            count <- count + 1

    if random.Next 2 = 0 then
        out.Append newline |> ignore

    for _ in 1 .. random.Next 3 do
        out.Append ' ' |> ignore
        comment ()

    out.ToString(), List.ofSeq comments
