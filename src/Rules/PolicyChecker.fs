/// One policy: its declarations from all files, in any order, to what the kernel runs.
module internal Serverless.Rules.PolicyChecker

open System.Collections.Generic
open Serverless.Core
open Serverless.Rules.ExpressionChecker
open Serverless.Rules.Analysis

/// A declaration with the file it stands in.
type Placed =
    { File: SourceText
      At: Span
      Declaration: Declaration
      /// It stands in a policy that this one extends.
      IsTakenOver: bool }

/// Where a name was declared first; None for what is built in.
type private Earlier = (struct (SourceText * Span)) option

let private place (earlier: Earlier) =
    match earlier with
    | Some(struct (file, at)) ->
        let position = file.Position at.Start
        $"at {file.Name}:{position.Line}:{position.Column}"
    | None -> "is built in"

/// Reports the second of two declarations that cannot both stand; true for the first.
let private first (scope: Scope) (seen: Dictionary<string, Earlier>) key (file: SourceText) (at: Span) problem =
    match seen.TryGetValue key with
    | true, earlier ->
        scope.Report(file, at, problem (place earlier))
        false
    | _ ->
        seen[key] <- Some(struct (file, at))
        true

let private metric (scope: Scope) file (name: Name) (kind: Name) every stale (sql: Located<string>) : Metric option =
    let found = Quantity.types |> List.tryFind (fun candidate -> Quantity.typeName candidate = kind.Value)

    if found.IsNone then
        scope.Report(file, kind.At, UnknownName([ TypeName ], kind.Value, [ Quantity.types |> List.map Quantity.typeName ]))

    let day = 86_400_000L
    let period = ranged scope file "the period of a metric" Duration 1_000L day every
    let staleness = stale |> Option.map (ranged scope file "staleness" Duration 1_000L (7L * day))
    let isStatement = sql.Value.Trim() <> ""

    if not isStatement then
        scope.Report(file, sql.At, Unexpected([ "a statement that reads one value" ], "an empty string"))

    match found, period, staleness with
    | Some found, Some period, (None | Some(Some _)) when isStatement ->
        // Three samples may be lost before the metric is.
        let stale' = staleness |> Option.flatten |> Option.defaultValue (4L * period)

        if stale' < period then
            scope.Report(file, (Option.get stale).At, StaleBelowPeriod(stale', period))
            None
        else
            Some
                { Name = name.Value
                  Type = found
                  Class = Sample
                  PerSize = false
                  Period = period * 1L<ms>
                  Stale = stale' * 1L<ms>
                  Source = Sql sql.Value
                  Help = "" }
    | _ -> None

/// Declares the names, so that their order in the files does not matter.
let private declareNames (scope: Scope) (placed: Placed list) =
    let seen = Dictionary<string, Earlier>()
    let rules = Dictionary<string, Earlier>()
    let properties = Dictionary<string, Earlier>()
    let scenarios = Dictionary<string, Earlier>()

    let once kind seen file (name: Name) =
        first scope seen name.Value file name.At (fun earlier -> DuplicateName($"{kind} {Wording.quote name.Value}", earlier)) |> ignore

    for builtIn in Catalogue.metrics do
        scope.Metrics[builtIn.Name] <- builtIn
        seen[builtIn.Name] <- None

    for form in Catalogue.aggregates do
        seen[form.Name] <- None

    let isNew file (name: Name) =
        let right = not (Keyword.Reserved.Contains name.Value)

        if not right then
            scope.Report(file, name.At, ReservedName name.Value)

        let fresh = first scope seen name.Value file name.At (fun earlier -> DuplicateName(Wording.quote name.Value, earlier))
        right && fresh

    // Lets before metrics: a period may be a let.
    for item in placed do
        match item.Declaration with
        | LetOf(name, body) when isNew item.File name -> scope.Lets[name.Value] <- LetEntry(item.File, name, body)
        | ScheduleOf(name, _, _) when isNew item.File name -> scope.Schedules.Add name.Value |> ignore
        | RuleOf(name, _, _) -> once "rule" rules item.File name
        | PropertyOf(name, _) -> once "property" properties item.File name
        | ScenarioOf(title, _) -> once "scenario" scenarios item.File title
        | BrokenOf(_, Some name) -> scope.Broken.Add name |> ignore
        | _ -> ()

    for item in placed do
        match item.Declaration with
        | MetricOf(name, kind, every, stale, sql) ->
            let fresh = isNew item.File name

            match scope.Untuned(Some "a metric", fun () -> metric scope item.File name kind every stale sql) with
            | Some metric when fresh -> scope.Metrics[name.Value] <- metric
            | Some _ -> ()
            | None -> scope.Broken.Add name.Value |> ignore
        | _ -> ()

/// A name that was declared, for the warning that nothing uses it: a policy that extends this one may.
type Declared =
    { In: SourceText
      Of: Name
      Kind: NameKind
      IsUsed: bool }

let private declared (scope: Scope) (placed: Placed list) : Declared list =
    let one file (name: Name) kind = Some { In = file; Of = name; Kind = kind; IsUsed = scope.IsUsed name.Value }

    placed
    |> List.choose (fun item ->
        match item.Declaration with
        | LetOf(name, _) when scope.Lets.ContainsKey name.Value -> one item.File name LetName
        | ScheduleOf(name, _, _) when scope.Schedules.Contains name.Value -> one item.File name ScheduleName
        | MetricOf(name, _, _, _, _) when scope.Metrics.ContainsKey name.Value -> one item.File name MetricName
        | _ -> None)

let private zone (scope: Scope) (resolve: string -> Result<Zone, Problem>) (seen: Dictionary<string, Earlier>) (placed: Placed list) =
    let named =
        placed
        |> List.choose (fun item ->
            match item.Declaration with
            | PolicyHeader(_, _, Some zone) when first scope seen "zone" item.File zone.At (fun earlier -> DuplicateDeclaration("the time zone", earlier)) ->
                Some(item.File, zone)
            | _ -> None)

    match named with
    | (file, zone) :: _ ->
        match resolve zone.Value with
        | Ok zone -> zone
        | Error problem ->
            scope.Report(file, zone.At, problem)
            Zones.utc
    | [] -> Zones.utc

/// Bounds without a schedule come first and are needed; the step is theirs.
let private sizes (scope: Scope) (seen: Dictionary<string, Earlier>) policyName (placed: Placed list) =
    let all =
        placed
        |> List.choose (fun item ->
            match item.Declaration with
            | SizeOf(least, most, step, during) ->
                let key = during |> Option.map _.Value |> Option.defaultValue ""
                let what = if key = "" then "`size`" else $"`size … during {key}`"

                if first scope seen ("size " + key) item.File item.At (fun earlier -> DuplicateDeclaration(what, earlier)) then
                    Some(item, least, most, step, during)
                else
                    None
            | _ -> None)

    // The `size` may be what did not parse.
    let isPartial = placed |> List.exists _.Declaration.IsBrokenOf

    let step =
        match all |> List.tryFind (fun (_, _, _, _, during) -> during.IsNone) with
        | Some(item, _, _, step, _) -> SizeChecker.step scope item.File step
        | None ->
            let item = List.head placed

            if not isPartial then
                scope.Report(item.File, item.At, NoSize policyName)

            SizeChecker.defaultStep

    let bounds =
        all
        |> List.choose (fun (item, least, most, ownStep, during) ->
            match during, ownStep with
            | Some schedule, _ ->
                ownStep |> Option.iter (fun own -> scope.Report(item.File, own.At, StepWithSchedule))
                check scope item.File { Value = Inside schedule; At = schedule.At } |> ignore
            | None, _ -> ()

            SizeChecker.bounds scope item.File step least most during)
        |> List.sortBy _.During

    step, bounds

/// A rule that can only sleep, and rules that never act.
let private checkForbids (scope: Scope) (placed: Placed list) (rules: (Placed * Rule) list) (forbids: (Placed * Forbid) list) =
    let always = forbids |> List.filter (fun (_, forbid) -> Conditions.constant forbid.When = Some true)
    let blocked = always |> List.collect (fun (_, forbid) -> forbid.Blocks) |> set

    match rules |> List.tryFind (fun (_, rule) -> rule.Action.IsSuspend) with
    | Some(_, sleeper) when not (blocked.Contains SuspendAction) ->
        for item, forbid in always do
            if List.contains ResumeAction forbid.Blocks then
                scope.Report(item.File, item.At, SleepsForEver sleeper.Name)
    | _ -> ()

    for item, rule in rules do
        let kinds = Firing.kinds rule.Action

        if kinds |> List.forall blocked.Contains then
            let name = match item.Declaration with RuleOf(name, _, _) -> name.At | _ -> item.At
            scope.Report(item.File, name, NeverActs(kinds |> List.map PolicyText.actionKind))

let private placeOf (item: Placed) : Place =
    let whole = { File = item.File; Whole = item.At; When = item.At; Until = item.At; Do = item.At }

    match item.Declaration with
    | RuleOf(name, _, clauses) ->
        clauses
        |> List.fold
            (fun place clause ->
                match clause.Value with
                | When expr -> { place with When = expr.At }
                | Until expr -> { place with Until = expr.At }
                | Do action -> { place with Do = action.At }
                | Clause.Priority _ -> place)
            { whole with Whole = name.At }
    | ScheduleOf(name, _, _) -> { whole with Whole = name.At }
    | _ -> whole

/// What the policy comes to as a whole.
let private analyse report (placed: Placed list) (rules: (Placed * Rule) seq) (forbids: (Placed * Forbid) seq) (policy: Policy) =
    let places = Dictionary<Origin, Place>()
    let named = Dictionary<string, Place>()

    for item, rule in rules do
        places[rule.Origin] <- placeOf item

    for item, forbid in forbids do
        places[forbid.Origin] <- placeOf item

    for item in placed do
        match item.Declaration with
        | ScheduleOf(name, _, _) -> named["schedule " + name.Value] <- placeOf item
        | SizeOf(_, _, _, Some during) -> named["size " + during.Value] <- placeOf item
        | SizeOf _ -> named[""] <- placeOf item
        | _ -> ()

    Analyses.run (Context(policy, places, named, report))

/// The marks in the order of files and lines, each named after what it stands in.
let private tunables (scope: Scope) (placed: Placed list) : Tunable list =
    let named (mark: TunedLiteral) =
        placed
        |> List.tryPick (fun item ->
            if obj.ReferenceEquals(item.File, mark.In) && item.At.Start <= mark.At.Start && mark.At.End <= item.At.End then
                match item.Declaration with
                | RuleOf(name, _, _)
                | LetOf(name, _) -> Some name.Value
                | SizeOf _ -> Some "size"
                | CooldownOf _ -> Some "cooldown"
                | _ -> Some "forbid"
            else
                None)
        |> Option.defaultValue ""

    scope.Tuned.Values
    |> Seq.sortWith (fun a b ->
        match System.String.CompareOrdinal(a.In.Name, b.In.Name) with
        | 0 -> compare a.At.Start b.At.Start
        | order -> order)
    |> Seq.map (fun mark -> Tunable(named mark, mark.In, mark.At, mark.Type, mark.Value, mark.Least, mark.Most))
    |> List.ofSeq

/// Checks a policy. Its value is of use only when nothing reported is an error.
let check (resolve: string -> Result<Zone, Problem>) (report: Finding -> unit) (policyName: string) (placed: Placed list) : Suite * Declared list =
    let isValid = ref true

    let report (finding: Finding) =
        if Wording.severity finding.Problem = Severity.Error then isValid.Value <- false
        report finding

    let scope = Scope report
    let seen = Dictionary<string, Earlier>()
    let once key what item = first scope seen key item.File item.At (fun earlier -> DuplicateDeclaration(what, earlier))
    declareNames scope placed

    for entry in List.ofSeq scope.Lets.Values do
        checkLet scope entry

    let zone = zone scope resolve seen placed
    let step, bounds = sizes scope seen policyName placed

    let widest =
        match bounds with
        | [] -> None
        | all -> Some(all |> List.map (fun one -> int64 one.Min) |> List.min, all |> List.map (fun one -> int64 one.Max) |> List.max)

    let mutable unit = SizeChecker.defaultUnit
    let mutable cooldown: Cooldown = { Up = 0L<ms>; Down = 0L<ms>; Suspend = 0L<ms> }
    let schedules = ResizeArray<Schedule>()
    let rules = ResizeArray()
    let forbids = ResizeArray()

    for item in placed do
        match item.Declaration with
        | UnitOf(cpu, memory) when once "unit" "`unit`" item -> unit <- scope.Untuned(Some "a unit", fun () -> SizeChecker.unit scope item.File cpu memory)
        | CooldownOf parts when once "cooldown" "`cooldown`" item -> cooldown <- SizeChecker.cooldown scope item.File parts
        | ScheduleOf(name, included, excluded) ->
            schedules.Add
                { Name = name.Value
                  Include = ScheduleChecker.ranges scope item.File included
                  Exclude = ScheduleChecker.ranges scope item.File excluded }
        | RuleOf(name, on, clauses) -> RuleChecker.rule scope widest item.File name on clauses |> Option.iter (fun rule -> rules.Add(item, rule))
        | ForbidOf(kinds, condition) -> RuleChecker.forbid scope item.File item.At kinds condition |> Option.iter (fun forbid -> forbids.Add(item, forbid))
        | _ -> ()

    // What only properties and scenarios speak of decides nothing.
    let deciding = HashSet(schedules |> Seq.map _.Name |> Seq.filter scope.IsUsed)

    let ruleNames =
        HashSet(placed |> List.choose (fun item -> match item.Declaration with RuleOf(name, _, _) -> Some name.Value | _ -> None))

    let properties =
        placed
        |> List.choose (fun item ->
            match item.Declaration with
            | PropertyOf(name, claim) -> scope.Untuned(Some "a property", fun () -> PropertyChecker.property scope item.File name claim)
            | _ -> None)

    let scenarios =
        placed
        |> List.choose (fun item ->
            match item.Declaration with
            | ScenarioOf(title, lines) -> scope.Untuned(Some "a scenario", fun () -> ScenarioChecker.scenario scope item.File ruleNames title lines)
            | _ -> None)

    checkForbids scope placed (List.ofSeq rules) (List.ofSeq forbids)
    let inForce, blocking, next = Numbering.rules (rules |> Seq.map snd |> List.ofSeq) (forbids |> Seq.map snd |> List.ofSeq)

    let read =
        HashSet
            [ for rule in inForce do
                  yield! Conditions.metrics rule.When
                  yield! rule.Until |> Option.map Conditions.metrics |> Option.defaultValue []

                  match rule.Action with
                  | Track(metric, _, _) -> yield metric
                  | _ -> ()
              for forbid in blocking do
                  yield! Conditions.metrics forbid.When ]

    let policy =
        { Name = policyName
          Revision = ""
          Zone = zone
          Unit = unit
          Step = step * 1L<mcu>
          Bounds = bounds
          Cooldown = cooldown
          Schedules = schedules |> Seq.filter (fun schedule -> deciding.Contains schedule.Name) |> Seq.sortBy _.Name |> List.ofSeq
          Metrics = scope.Metrics.Values |> Seq.filter (fun metric -> read.Contains metric.Name) |> Seq.sortBy _.Name |> List.ofSeq
          Rules = inForce
          Forbids = blocking }

    // What did not parse was reported elsewhere, and might change all of it.
    if isValid.Value && not (placed |> List.exists _.Declaration.IsBrokenOf) then
        analyse report placed rules forbids policy

    let properties, next = Numbering.properties next (properties |> List.sortBy _.Name)
    let metrics = scope.Metrics.Values |> Seq.filter (fun metric -> metric.Source = BuiltIn || read.Contains metric.Name || scope.IsUsed metric.Name)

    let suite =
        Suite(
            { policy with Revision = PolicyText.revision policy },
            metrics |> Seq.sortBy _.Name |> List.ofSeq,
            schedules |> Seq.filter (fun schedule -> scope.IsUsed schedule.Name) |> Seq.sortBy _.Name |> List.ofSeq,
            properties,
            scenarios |> List.map (Numbering.scenario next),
            tunables scope placed
        )

    suite, declared scope placed
