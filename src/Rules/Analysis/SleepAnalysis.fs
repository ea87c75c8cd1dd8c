/// Suspending and resuming: a database that sleeps for ever, that never can sleep, and that wakes as soon as it sleeps.
module internal Serverless.Rules.Analysis.SleepAnalysis

open Serverless.Core
open Serverless.Rules
open Serverless.Rules.Analysis.Possible

let private sleepers (policy: Policy) = policy.Rules |> List.filter _.Action.IsSuspend
let private wakers (policy: Policy) = policy.Rules |> List.filter _.Action.IsResume
let private blocking kind (policy: Policy) = policy.Forbids |> List.filter (fun forbid -> List.contains kind forbid.Blocks)
let private allowed kind policy = blocking kind policy |> List.map (fun forbid -> struct (IsFalse, forbid.When))

let private zero name = struct (IsTrue, Compare(Metric name, Equal, Literal(Count, 0L)))

/// Metrics that the policy does not read say nothing.
let private ofRead (context: Context) (goals: struct (Demand * Condition) list) =
    goals |> List.filter (fun (struct (_, condition)) -> Conditions.metrics condition |> List.forall (fun name -> (context.Find name).IsSome))

/// What the first law demands of a suspend.
let private idleHands (context: Context) (rule: Rule) : struct (Demand * Condition) list =
    let breaking =
        match rule.Action with
        | Suspend breaking -> breaking
        | _ -> { Transactions = None; PinnedSessions = None }

    [ zero "queries.running"
      zero "queries.held"
      if breaking.Transactions.IsNone then zero "transactions.open"
      if breaking.PinnedSessions.IsNone then zero "connections.pinned" ]
    |> ofRead context

/// The cooldown counts from the resume, as the age of the compute does.
let private cooled (context: Context) =
    ofRead context [ struct (IsTrue, Compare(Metric "compute.age", GreaterOrEqual, Literal(Duration, int64 context.Policy.Cooldown.Suspend))) ]

/// While nothing runs the compute has no age, and what is measured is unknown, which blocks.
let private ageless (context: Context) =
    ofRead context [ struct (IsTrue, Compare(Metric "compute.age", Equal, Literal(Duration, 0L))) ]

let private sleepsForEver (context: Context) =
    let forbids = blocking ResumeAction context.Policy |> List.filter (fun forbid -> Conditions.constant forbid.When <> Some true)

    for forbid in forbids do
        for metric in Conditions.metrics forbid.When |> List.distinct do
            if context.Find metric |> Option.exists (fun metric -> metric.Class = Sample) then
                let place = context.Place forbid.Origin
                context.Report(place, place.When, ForbidsUnmeasured metric)

    let ends given = context.Asleep.IsPossible(given @ ageless context)

    match sleepers context.Policy with
    | sleeper :: _ when not (ends (forbids |> List.map (fun forbid -> struct (IsFalse, forbid.When)))) ->
        // One that does it alone is to blame; else all of them together, told at the first.
        let alone = forbids |> List.filter (fun forbid -> not (ends [ struct (IsFalse, forbid.When) ]))

        for forbid in (if alone.IsEmpty then List.truncate 1 forbids else alone) do
            let place = context.Place forbid.Origin
            context.Report(place, place.Whole, SleepsForEver sleeper.Name)
    | _ -> ()

let private neverSleeps (context: Context) =
    for rule in sleepers context.Policy do
        let given = Firing.demands rule
        let free = given @ idleHands context rule

        if context.Running.IsPossible given && not (context.Running.IsPossible(free @ cooled context)) then
            let place = context.Place rule.Origin
            let why = if context.Running.IsPossible free then SuspendCools(int64 context.Policy.Cooldown.Suspend) else SuspendIsBusy
            context.Report(place, place.When, NeverSuspends why)

/// The names under which a condition is asked about while the compute sleeps.
let private asleep = "asleep "

/// The condition as it is while the compute sleeps: facts that go on are the same, the others and all windows are their own.
let rec private whileAsleep (context: Context) (condition: Condition) : Condition =
    let other term =
        match term with
        | Metric(("idle" | "compute.age") as name) -> Metric(asleep + name)
        | Metric name when context.Find name |> Option.exists (fun metric -> metric.Class = Sample) -> Metric(asleep + name)
        | Over(kind, name, width) -> Over(kind, asleep + name, width)
        | term -> term

    let again = whileAsleep context

    match condition with
    | Compare(a, comparison, b) -> Compare(other a, comparison, other b)
    | IsSet name -> IsSet(asleep + name)
    | Held(timer, part, length) -> Held(timer, again part, length)
    | And parts -> And(List.map again parts)
    | Or parts -> Or(List.map again parts)
    | Not part -> Not(again part)
    | leaf -> leaf

/// How long it takes at most from a resume until the sleeper fires again and the waker again after it, in this way of holding: what
/// grows from the resume on has to reach its bound, windows to fill, and conditions to hold for their time.
let private round (context: Context) (branch: Branch) : int64<ms> =
    let grown =
        branch.Order.Ranges
        |> List.fold
            (fun longest (struct (term, range)) ->
                match term with
                | Metric("idle" | "compute.age") when range.Low > 0L -> max longest (range.Low * 1L<ms>)
                | Over(_, _, width) -> max longest width
                | _ -> longest)
            context.Policy.Cooldown.Suspend

    branch.Sustained |> List.fold (fun sum (struct (_, length)) -> sum + length) grown

/// A database that nobody uses would be woken and put to sleep in turn: what the two ask for holds together, and lasts for a round.
let private goesRound (context: Context) (sleeper: Rule) (waker: Rule) : bool =
    let find (name: string) =
        if name.StartsWith(asleep, System.StringComparison.Ordinal) then context.Find(name.Substring asleep.Length) else context.Find name

    let unmeasured (name: string) =
        name.StartsWith(asleep, System.StringComparison.Ordinal) && find name |> Option.exists (fun metric -> metric.Class = Sample)

    let search = Search { Find = find; Timeline = context.Timeline; Unmeasured = unmeasured }
    let turned (struct (demand, condition)) = struct (demand, whileAsleep context condition)

    let goals =
        [ yield! Firing.demands sleeper
          yield! idleHands context sleeper
          yield! allowed SuspendAction context.Policy
          yield! Firing.demands waker |> List.map turned
          yield! allowed ResumeAction context.Policy |> List.map turned
          yield struct (IsTrue, Compare(Metric(asleep + "compute.age"), Equal, Literal(Duration, 0L)))
          yield struct (IsTrue, Compare(Metric(asleep + "idle"), GreaterOrEqual, Metric "idle")) ]

    let mutable found = false

    let lasts (branch: Branch) =
        let longest =
            match context.Timeline with
            | Some timeline -> Timeline.longest timeline (fun holding -> holding &&& branch.Inside = branch.Inside && holding &&& branch.Outside = 0UL)
            | None -> Timeline.Endless

        found <- longest > round context branch
        found

    search.Any(goals, lasts) |> ignore
    found

let private wakesAtOnce (context: Context) =
    // Where schedules are too many to look at, nothing is certain; and at another size another rule may hold.
    let isUsable (rule: Rule) = context.Timeline.IsSome && not (Conditions.metrics rule.When |> List.contains "size")

    for waker in wakers context.Policy |> List.filter isUsable do
        match sleepers context.Policy |> List.filter isUsable |> List.tryFind (fun sleeper -> goesRound context sleeper waker) with
        | Some sleeper ->
            let place = context.Place waker.Origin
            context.Report(place, place.When, WakesAtOnce(sleeper.Name, PolicyText.condition waker.When))
        | None -> ()

let check (context: Context) : unit =
    sleepsForEver context
    neverSleeps context
    wakesAtOnce context
