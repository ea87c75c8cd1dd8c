/// Scenarios of one policy.
module internal Serverless.Rules.ScenarioChecker

open System
open System.Collections.Generic
open System.Globalization
open System.Text.RegularExpressions
open Serverless.Core
open Serverless.Rules.ExpressionChecker

let private formats = [| "yyyy-MM-dd'T'HH:mmzzz"; "yyyy-MM-dd'T'HH:mm:sszzz"; "yyyy-MM-dd'T'HH:mm'Z'"; "yyyy-MM-dd'T'HH:mm:ss'Z'" |]

let private instant (scope: Scope) (file: SourceText) (text: Located<string>) : int64<ms> option =
    match DateTimeOffset.TryParseExact(text.Value, formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal) with
    | true, found -> Some(found.ToUnixTimeMilliseconds() * 1L<ms>)
    | _ ->
        scope.Report(file, text.At, NoSuchInstant text.Value)
        None

/// From 0, the start, on.
let private time (scope: Scope) file (expr: Expr) : int64<ms> option =
    ranged scope file "a time of a scenario" Duration 0L SegmentChecker.longest expr |> Option.map (fun value -> value * 1L<ms>)

let private size (scope: Scope) file (expr: Expr) : int64<mcu> option =
    ranged scope file "a size" Size 1L (Quantity.largest Size) expr |> Option.map (fun value -> value * 1L<mcu>)

/// Some value where there is none or a right one: the outer None says that something is wrong.
let private optional (check: Expr -> 'a option) (expr: Expr option) : 'a option option =
    match expr with
    | None -> Some None
    | Some expr -> check expr |> Option.map Some

let private begins (scope: Scope) file (node: StartNode) : StartState option =
    match node with
    | FromRunning(at, since) ->
        match size scope file at, optional (SegmentChecker.duration scope file "how long it has run") since with
        | Some at, Some since -> Some(StartsRunning(at, since))
        | _ -> None
    | FromSuspended at -> optional (size scope file) at |> Option.map StartsSuspended

let private event (scope: Scope) file (node: EventNode) : ScenarioEvent option =
    match node with
    | EffectTurns(kind, Takes length) -> SegmentChecker.duration scope file "how long it takes" length |> Option.map (fun length -> EffectsTake(kind, length))
    | EffectTurns(kind, Succeeds) -> Some(EffectsEnd(kind, Success))
    | EffectTurns(kind, Fails) -> Some(EffectsEnd(kind, Failure))
    | EffectTurns(kind, Deferred) -> Some(EffectsEnd(kind, Deferral))
    | EffectTurns(kind, Infeasible) -> Some(EffectsEnd(kind, Infeasibility))
    | EffectTurns(kind, Refused) -> Some(EffectsEnd(kind, Refusal))
    | OperatorDoes OperatorSuspend -> Some(Operator SuspendCommand)
    | OperatorDoes(OperatorResume at) -> optional (size scope file) at |> Option.map (Option.toValueOption >> ResumeCommand >> Operator)
    | OperatorDoes(OperatorResize goal) -> size scope file goal |> Option.map (ResizeCommand >> Operator)
    | OperatorDoes OperatorPause -> Some(Operator PauseCommand)
    | OperatorDoes OperatorUnpause -> Some(Operator UnpauseCommand)
    | ComputeDoes Crashes -> Some ComputeCrashes
    | ComputeDoes Stops -> Some ComputeStops
    | ComputeDoes(Serves at) -> size scope file at |> Option.map ComputeServesAt
    | ClockIsSet(Forward by) -> SegmentChecker.duration scope file "how far the clock is set" by |> Option.map ClockJumps
    | ClockIsSet(Back by) -> SegmentChecker.duration scope file "how far the clock is set" by |> Option.map (fun by -> ClockJumps(-by))
    | StatementsCome(count, length) ->
        let count =
            match count with
            | None -> Some 1
            | Some count -> PropertyChecker.whole scope file "a number of statements" 1 100_000 count

        match count, SegmentChecker.duration scope file "how long a statement takes" length with
        | Some count, Some length -> Some(Statements(count, length))
        | _ -> None

/// A stretch whose end is not written ends with the scenario.
type private OpenStretch = { Of: Stretch; IsOpen: bool }

let private stretch (scope: Scope) file (times: TimesNode option) : OpenStretch option =
    let from first last = { From = first; IsAfter = false; To = last; IsUntil = false }
    let closed stretch = { Of = stretch; IsOpen = false }

    match times with
    | None -> Some { Of = from 0L<ms> 0L<ms>; IsOpen = true }
    | Some(AtTime at) -> time scope file at |> Option.map (fun at -> closed (from at at))
    | Some(UntilTime last) -> time scope file last |> Option.map (fun last -> closed { from 0L<ms> last with IsUntil = true })
    | Some(AfterTime first) -> time scope file first |> Option.map (fun first -> { Of = { from first first with IsAfter = true }; IsOpen = true })
    | Some(BetweenTimes(first, last)) ->
        match time scope file first, time scope file last with
        | Some from', Some until when from' > until ->
            scope.Report(file, Span.cover first.At last.At, TimesReversed(int64 from', int64 until))
            None
        | Some from', Some until -> Some(closed (from from' until))
        | _ -> None

let private expectation (scope: Scope) (file: SourceText) (rules: ICollection<string>) (node: ExpectNode) : (Expected * OpenStretch) option =
    let during times expected =
        match expected, stretch scope file times with
        | Some expected, Some stretch -> Some(expected, stretch)
        | _ -> None

    let kinds (all: Located<ActionKind> list) = all |> List.map _.Value |> List.distinct |> List.sort

    match node with
    | ExpectNothing times -> Some(NoAction [ SuspendAction; ResumeAction; ResizeUpAction; ResizeDownAction ]) |> during times
    | ExpectNo(none, times) -> Some(NoAction(kinds none)) |> during times
    | ExpectAction(some, at, by, times) ->
        match by with
        | Some by when not (rules.Contains by.Value || List.contains by.Value Expectation.builtIn || scope.Broken.Contains by.Value) ->
            scope.Report(file, by.At, UnknownName([ RuleName ], by.Value, [ List.ofSeq rules; Expectation.builtIn ]))
        | _ -> ()

        optional (size scope file) at
        |> Option.map (fun at -> SomeAction(some.Value, at, by |> Option.map _.Value))
        |> during times
    | ExpectRunning(at, times) -> optional (size scope file) at |> Option.map IsRunning |> during (Some times)
    | ExpectSuspended times -> Some IsSuspended |> during (Some times)
    | ExpectHolds(expr, times) -> condition scope file expr |> Option.map (fst >> Holding) |> during times

type private Input =
    | Spent
    | Shaped of ValueType * isFact: bool

let private input (scope: Scope) file (name: Name) : Input option =
    let notGiven why =
        scope.Report(file, name.At, NotGiven(name.Value, why))
        None

    match scope.Metrics.TryGetValue name.Value, Given.all |> List.tryFind (fun (given, _) -> given = name.Value) with
    | _, Some(_, kind) -> Some(Shaped(kind, true))
    | (true, metric), _ ->
        match metric.Name with
        | "size" -> notGiven "it is what the policy decides"
        | "compute.age" -> notGiven "it counts from the last resume"
        | "spent.day"
        | "spent.month" -> Some Spent
        | _ -> Some(Shaped(metric.Type, (metric.Class = Fact)))
    | _ ->
        if not (scope.Broken.Contains name.Value) then
            let known = scope.MetricNames @ List.map fst Given.all
            scope.Report(file, name.At, UnknownName([ SeriesName ], name.Value, [ known ]))

        None

/// What was spent before: one value, since it goes on from there by itself.
let private spent (scope: Scope) file (name: Name) (segments: Segment list) : int64 option =
    match segments with
    | [ { Value = Level(value, None) } ] -> SegmentChecker.level scope file name.Value Count value
    | _ ->
        scope.Report(file, name.At, NotGiven(name.Value, "it goes on by itself from what was spent before, written as one value"))
        None

let private lineName (line: ScenarioLine) =
    match line with
    | StartsAt _ -> Some "start"
    | MachineHas _ -> Some "machine"
    | SeriesOf(name, _) -> Some name.Value
    | EventAt _
    | Expect _ -> None

let private reportTwice (scope: Scope) file (lines: Located<ScenarioLine> list) =
    let seen = HashSet<string>()

    for line in lines do
        match lineName line.Value with
        | Some name when not (seen.Add name) -> scope.Report(file, line.At, RepeatedClause name)
        | _ -> ()

    let at name =
        lines |> List.tryPick (fun line -> match line.Value with SeriesOf(found, _) when found.Value = name -> Some found.At | _ -> None)

    for computed, from in [ "cpu", Given.load; "memory", Given.resident ] do
        match at computed, at from with
        | Some at, Some _ -> scope.Report(file, at, GivenTwice(computed, from))
        | _ -> ()

let private blank = Regex(@"\s+", RegexOptions.CultureInvariant)

/// A scenario, if all of it is right. `rules` are the names of the policy's rules.
let scenario (scope: Scope) (file: SourceText) (rules: ICollection<string>) (title: Located<string>) (lines: Located<ScenarioLine> list) : Scenario option =
    let mutable isRight = true

    // All lines are checked, also behind one that is wrong.
    let need (found: 'a option) : 'a option =
        if found.IsNone then isRight <- false
        found

    let lacks part =
        scope.Report(file, title.At, ScenarioLacks part)
        isRight <- false

    reportTwice scope file lines
    let ofLine choose = lines |> List.choose (fun line -> choose line.Value)

    let start =
        match ofLine (function StartsAt(at, state) -> Some(at, state) | _ -> None) with
        | [] ->
            lacks "`start`"
            None
        | (at, state) :: _ ->
            match need (instant scope file at), need (begins scope file state.Value) with
            | Some at, Some state -> Some struct (at, state)
            | _ -> None

    let machine =
        ofLine (function MachineHas(cpu, memory) -> Some(cpu, memory) | _ -> None)
        |> List.tryHead
        |> Option.bind (fun (cpu, memory) ->
            let cpu = need (ranged scope file "the processors of the machine" Cpu 1L (Quantity.largest Cpu) cpu)
            let memory = need (ranged scope file "the memory of the machine" Bytes 1L (Quantity.largest Bytes) memory)

            match cpu, memory with
            | Some cpu, Some memory -> Some struct (cpu * 1L<mcpu>, memory * 1L<bytes>)
            | _ -> None)

    let series = ofLine (function SeriesOf(name, segments) -> Some(name, segments) | _ -> None)

    let shapes, spending =
        (([], []), series)
        ||> List.fold (fun (shapes, spending) (name, segments) ->
            match need (input scope file name) with
            | Some Spent -> shapes, (name.Value, need (spent scope file name segments)) :: spending
            | Some(Shaped(kind, isFact)) ->
                match need (SegmentChecker.shape scope file name.Value kind isFact segments) with
                | Some shape -> (name, kind, shape) :: shapes, spending
                | None -> shapes, spending
            | None -> shapes, spending)

    let events =
        ofLine (function EventAt(at, event) -> Some(at, event) | _ -> None)
        |> List.choose (fun (at, node) ->
            match need (optional (time scope file) at), need (event scope file node.Value) with
            | Some at, Some event -> Some struct (at |> Option.defaultValue 0L<ms>, event)
            | _ -> None)
        |> List.sortBy (fun (struct (at, _)) -> at)

    let expectations =
        lines
        |> List.choose (fun line ->
            match line.Value with
            | Expect node -> need (expectation scope file rules node.Value) |> Option.map (fun found -> line.At, found)
            | _ -> None)

    if not (lines |> List.exists (fun line -> line.Value.IsExpect)) then
        lacks "`expect`"

    let length =
        [ for _, _, shape in shapes do
              yield shape.End
          for struct (at, event) in events do
              match event with
              | Statements(_, length) -> yield at + length
              | _ -> yield at
          for _, (_, stretch) in expectations do
              yield stretch.Of.To ]
        |> List.fold max 0L<ms>

    // Only where everything else is right is its length what was meant.
    if isRight && length = 0L<ms> then
        lacks "end"

    if isRight && int64 length > SegmentChecker.longest then
        scope.Report(file, title.At, OutOfRange("the length of a scenario", Quantity.show Duration 1L, Quantity.show Duration SegmentChecker.longest, Quantity.show Duration (int64 length)))
        isRight <- false

    if isRight then
        for name, _, shape in shapes do
            if not shape.IsOpen && shape.End < length then
                scope.Report(file, name.At, SeriesEnds(name.Value, int64 shape.End, int64 length))
                isRight <- false

    let before name = spending |> List.tryPick (fun (found, value) -> if found = name then value else None) |> Option.defaultValue 0L

    for at, (_, stretch) in expectations do
        if isRight && stretch.IsOpen && stretch.Of.IsAfter && stretch.Of.From >= length then
            scope.Report(file, at, ScenarioLacks "time behind this")
            isRight <- false

    match start with
    | Some(struct (at, state)) when isRight ->
        Some
            { Title = title.Value
              Origin = RuleChecker.origin file title.At
              Start = at
              Begins = state
              Machine = machine |> Option.toValueOption
              SpentDay = before "spent.day"
              SpentMonth = max (before "spent.day") (before "spent.month")
              Series = shapes |> List.rev |> List.map (fun (name, kind, shape) -> SegmentChecker.series name.Value kind length shape)
              Events = events
              Expectations =
                [ for at, (expected, stretch) in expectations do
                      { Expected = expected
                        During = (if stretch.IsOpen then { stretch.Of with To = length } else stretch.Of)
                        Text = blank.Replace(file.Text.Substring(at.Start, at.End - at.Start), " ")
                        Origin = RuleChecker.origin file at } ]
              Length = length }
    | _ -> None
