/// Plays a policy in virtual time: what a gateway and a compute would tell the kernel, and what it answers. Calls `Kernel.step` and nothing else of it.
module internal Serverless.Rules.Player

open System
open System.Collections.Generic
open Serverless.Core

/// Behind every scenario.
let private farAway = Int64.MaxValue * 1L<ms>

/// A kernel that asked to be called at every millisecond would never come to an end.
let private mostSteps = 20_000_000

/// Values between the edges of a ramp are looked at this often where they are no samples.
let private lookEvery = 1_000L<ms>

type private Due =
    | Report of revision: int64 * Outcome
    | DrainEnds of revision: int64 * Drain * rest: int64<ms>
    | Event of ScenarioEvent
    | StatementsEnd of id: int
    | Look
    | Sampling of Metric[]

let private order due =
    match due with
    | Report _
    | DrainEnds _ -> 0
    | Event _
    | StatementsEnd _ -> 1
    | Look -> 2
    | Sampling _ -> 3

let private span (value: int64<ms>) = Quantity.show Duration (int64 value)
let private sizeOf (value: int64<mcu>) = Quantity.show Size (int64 value)

let private watchName (index: int) = $"watch {index}"

/// The policy with conditions that are only looked at. It decides alike.
let private watched (policy: Policy) (conditions: Condition list) : Policy =
    let watch index condition : Forbid =
        { Name = watchName index
          Blocks = []
          When = condition
          Origin = { File = ""; Line = 0; Column = 0 } }

    { policy with Forbids = policy.Forbids @ List.mapi watch conditions }

[<Sealed>]
type private Player(policy: Policy, conditions: Condition list, scenario: Scenario, calm: int64<ms> voption) =
    let start = scenario.Start
    let queue = PriorityQueue<Due, struct (int64<ms> * int * int)>()
    let series = dict [ for one in scenario.Series -> one.Name, one ]
    let journal = Journal conditions.Length
    let statements = Statements()
    let takes = Dictionary<EffectKind, int64<ms>>()
    let ends = Dictionary<EffectKind, EffectEnd>()
    let looks = HashSet<int64<ms>>()
    let mutable sequence = 0
    let mutable now = 0L<ms>
    let mutable steps = 0
    let mutable ended: int64<ms> option = None
    let mutable sent: Activity voption = ValueNone
    let mutable transactionsSince = 0L<ms>
    let mutable pinnedSince = 0L<ms>
    let mutable brokenTransactions = false
    let mutable brokenPinned = false
    let mutable resident = -1L
    // Set when the play begins, before anything reads them.
    let mutable state = Kernel.initial policy start
    let mutable decision = Unchecked.defaultof<Decision>
    let mutable size = 0L<mcu>
    let mutable phase = Phase.Suspended
    let mutable places: int[] = [||]

    let due (at: int64<ms>) (what: Due) =
        sequence <- sequence + 1

        if at <= scenario.Length then
            queue.Enqueue(what, struct (at, order what, sequence))

    let valueOf (name: string) : int64 voption =
        match series.TryGetValue name with
        | true, found -> Series.at now found
        | _ -> ValueNone

    let countOf name = int (min 1_000_000L (ValueOption.defaultValue 0L (valueOf name) / 1_000L))

    let work () : Work =
        { Cpu = ValueOption.defaultValue 0L (valueOf Given.load) * 1L<mcpu>
          Resident = ValueOption.defaultValue 0L (valueOf Given.resident) * 1L<bytes> }

    /// Somebody works: `idle` is 0, or there is load.
    let isBusy () =
        let idles =
            match series.TryGetValue "idle" with
            | true, idle -> idle.Pieces |> Array.exists (fun piece -> piece.From <= now && now < piece.To && piece.Last = piece.First)
            | _ -> false

        idles || work().Cpu > 0L<mcpu>

    let effectKind effect =
        match effect with
        | DoSuspend _ -> SuspendEffect
        | DoResume _ -> ResumeEffect
        | DoResize _ -> ResizeEffect

    let length effect =
        match takes.TryGetValue(effectKind effect) with
        | true, length -> length
        | _ -> if effect.IsDoSuspend then 2_000L<ms> else 1_000L<ms>

    let outcome kind =
        let reason = "as the scenario has it"

        match ends.TryGetValue kind with
        | true, Failure -> FailedWith reason
        | true, Deferral -> DeferredBy reason
        | true, Infeasibility -> InfeasibleFor reason
        | true, Refusal -> RefusedBy reason
        | _ -> Succeeded

    let act (effect: Effect) (decision: Decision) truths =
        journal.Begin(now, effect, size, decision, truths)
        let ends = now + length effect

        match effect with
        | DoSuspend drain ->
            let rest = min 1_000L<ms> (length effect / 2L)
            due (ends - rest) (DrainEnds(decision.Revision, drain, rest))
        | DoResume _
        | DoResize _ -> due ends (Report(decision.Revision, Succeeded))

    let watch () : bool voption[] =
        if conditions.IsEmpty then
            [||]
        else
            let all = Kernel.forbidding state (start + now)

            if places.Length = 0 then
                places <- Array.init conditions.Length (fun index -> all |> Array.findIndex (fun (struct (name, _)) -> name = watchName index))

            let found =
                places
                |> Array.map (fun place ->
                    let struct (_, truth) = all[place]
                    truth)

            journal.See(now, found)
            found

    let standing () =
        let view = Kernel.view state (start + now)
        let found = view.SizeMcu * 1L<mcu>

        if view.Phase <> phase || found <> size then
            journal.Stand(now, view.Phase, found)

    let send (event: Event) =
        steps <- steps + 1
        let before = state
        let struct (after, answer) = Kernel.step policy state { At = start + now; Event = event }
        state <- after
        decision <- answer

        if not (obj.ReferenceEquals(before, after)) then
            let truths = watch ()

            for warning in answer.Warnings do
                journal.Note(now, false, warning)

            match answer.Effect with
            | ValueSome effect -> act effect answer truths
            | ValueNone -> ()

            journal.Hold(now, answer.Blocked)
            let was = phase

            match event with
            | Measured _
            | Tick when answer.Phase = phase -> ()
            | _ -> standing ()

            size <- journal.LastStanding.Size
            phase <- answer.Phase

            if phase <> was then
                due now Look

            // What must not wait gets its error at once and is gone.
            match answer.RefuseHeld with
            | Some reason when statements.Waiting > 0 ->
                journal.Note(now, false, $"{statements.Waiting} held get an error: {reason}")
                statements.LoseWaiting()
                due now Look
            | _ -> ()

    /// Statements that wait begin as soon as there is a compute, and are lost with it.
    let moveStatements () =
        if Phases.isUp phase then
            for id, length in statements.Begin() do
                due (now + length) (StatementsEnd id)
        elif not (Phases.exists phase) then
            statements.LoseRunning()

    let activity () : Activity =
        moveStatements ()
        let up = Phases.isUp phase
        let there = Phases.exists phase
        let transactions = if there && not brokenTransactions then countOf "transactions.open" else 0
        let pinned = if there && not brokenPinned then countOf "connections.pinned" else 0
        let held = countOf "queries.held"
        let running, waiting = statements.Running, statements.Waiting
        let demand = countOf "queries.running"
        let demand = if demand + running + waiting + held + transactions = 0 && isBusy () then 1 else demand
        let running = if up then running + demand else running
        let held = held + waiting + (if up then 0 else demand)
        let was = sent |> ValueOption.defaultValue { Inputs.Activity(0, 0, 0, 0, 0, 0, 0, Nullable(), 0L, 0L, 0L, 0L) with LastEnded = None }
        if transactions <> was.Transactions || running > 0 then transactionsSince <- now
        if pinned <> was.Pinned || running > 0 then pinnedSince <- now
        if was.Running > 0 && running = 0 then ended <- Some(start + now)

        { Held = held
          Running = running
          Transactions = transactions
          Pinned = pinned
          Open = max (countOf "connections.open") (max pinned (held + max running transactions))
          Active = max (countOf "connections.active") running
          UnknownPeers = countOf Given.peers
          LastEnded = ended
          TransactionsIdle = (if transactions > 0 then now - transactionsSince else 0L<ms>)
          PinnedIdle = (if pinned > 0 then now - pinnedSince else 0L<ms>)
          QueriesRate = ValueOption.defaultValue 0L (valueOf "queries.rate")
          QueriesLatency = ValueOption.defaultValue 0L (valueOf "queries.latency") * 1L<ms> }

    /// Idle times go on by themselves: only what else changes is news.
    let look () =
        let found = activity ()
        let still (activity: Activity) = { activity with TransactionsIdle = 0L<ms>; PinnedIdle = 0L<ms> }

        if sent |> ValueOption.forall (fun was -> still was <> still found) then
            sent <- ValueSome found
            send (ActivityChanged found)

        let memory = int64 (work().Resident)

        if memory <> resident && series.ContainsKey Given.resident && Phases.exists phase then
            resident <- memory
            send (Unreclaimable(memory * 1L<bytes>))

    let facts = scenario.Series |> List.filter (fun one -> Given.all |> List.exists (fun (name, _) -> name = one.Name) || Catalogue.metrics |> List.exists (fun metric -> metric.Name = one.Name && metric.Class = Fact))

    let lookNext () =
        let next =
            facts
            |> List.choose (fun one -> Series.nextChange lookEvery now one |> Option.ofValueOption)
            |> List.fold min farAway

        if looks.Add next then
            due next Look

    let measure (metric: Metric) : int64 voption =
        match metric.Name with
        | "cpu" when series.ContainsKey Given.load -> ValueSome(Work.cpu policy.Unit size (work ()))
        | "memory" when series.ContainsKey Given.resident -> ValueSome(Work.memory policy.Unit size (work ()))
        | name -> valueOf name

    let happen (event: ScenarioEvent) =
        let told words = journal.Note(now, true, words)

        match event with
        | EffectsTake(kind, length) -> takes[kind] <- length
        | EffectsEnd(kind, how) -> ends[kind] <- how
        | Operator command ->
            let words =
                match command with
                | SuspendCommand -> "suspend"
                | ResumeCommand(ValueSome at) -> $"resume at {sizeOf at}"
                | ResumeCommand ValueNone -> "resume"
                | ResizeCommand goal -> $"resize to {sizeOf goal}"
                | PauseCommand -> "pause"
                | UnpauseCommand -> "unpause"

            told $"operator: {words}"
            send (Commanded(command, "operator"))
        | ComputeCrashes ->
            told "the compute crashes"
            send (Observed(ComputeCrashed "as the scenario has it"))
        | ComputeStops ->
            told "the compute stops"
            send (Observed ComputeGone)
        | ComputeServesAt size ->
            told $"the compute serves at {sizeOf size}"
            send (Observed(ComputeServes(ValueSome size)))
        | Statements(count, length) ->
            sequence <- sequence + 1
            told $"""{count} {if count = 1 then "statement" else "statements"} of {span length}"""
            statements.Come(sequence, count, length)
            look ()

    let handle what =
        match what with
        | Report(revision, _) when revision <> decision.Revision -> ()
        | Report(revision, _) ->
            let kind =
                match phase with
                | Phase.Resuming -> ResumeEffect
                | Phase.Resizing -> ResizeEffect
                | _ -> SuspendEffect

            send (EffectOutcome(revision, outcome kind))
        | DrainEnds(revision, _, _) when revision <> decision.Revision -> ()
        | DrainEnds(revision, drain, rest) ->
            match outcome SuspendEffect with
            | RefusedBy _ as refused -> send (EffectOutcome(revision, refused))
            | _ ->
                brokenTransactions <- drain.Breaking.Transactions.IsSome
                brokenPinned <- drain.Breaking.PinnedSessions.IsSome
                look ()

                if decision.Revision = revision then
                    send (EffectOutcome(revision, Drained))

                    if phase = Phase.Suspending then
                        due (now + rest) (Report(revision, Succeeded))

                brokenTransactions <- brokenTransactions && phase = Phase.Suspending
                brokenPinned <- brokenPinned && phase = Phase.Suspending
        | Event event -> happen event
        | StatementsEnd id ->
            if statements.End id then
                look ()
        | Look ->
            if not (Phases.exists phase) then
                brokenTransactions <- false
                brokenPinned <- false

            look ()
        | Sampling metrics ->
            if Phases.exists phase then
                for metric in metrics do
                    match measure metric with
                    | ValueSome value -> send (Measured(metric.Name, value))
                    | ValueNone -> ()

            due (now + metrics[0].Period) (Sampling metrics)

    /// Tells the kernel what the scenario begins with.
    let warmUp () =
        let struct (before, last, bare) = Beginning.state policy scenario
        state <- before
        decision <- last
        phase <- last.Phase
        size <- (Kernel.view state start).SizeMcu * 1L<mcu>
        journal.Stand(0L<ms>, phase, size)

        let step event =
            let struct (after, answer) = Kernel.step bare state { At = start; Event = event }
            state <- after
            decision <- answer

        let found = activity ()
        sent <- ValueSome found
        step (ActivityChanged found)

        if scenario.Begins.IsStartsRunning && series.ContainsKey Given.resident then
            resident <- int64 (work().Resident)
            step (Unreclaimable(resident * 1L<bytes>))

        state <- Kernel.spent scenario.SpentDay scenario.SpentMonth start state

    member _.Play() : Course =
        warmUp ()

        for struct (at, event) in scenario.Events do
            due at (Event event)

        policy.Metrics
        |> List.filter (fun metric -> metric.Class = Sample)
        |> List.groupBy _.Period
        |> List.iter (fun (_, metrics) -> due 0L<ms> (Sampling(Array.ofList metrics)))

        send PolicyChanged
        lookNext ()
        let mutable go = true

        while go do
            let mutable what = Look
            let mutable priority = struct (farAway, 0, 0)
            let hasDue = queue.TryPeek(&what, &priority)
            let struct (dueAt, _, _) = priority
            let tickAt = max now (decision.NextCheck - start)

            let isCalm = calm |> ValueOption.exists (fun calm -> min dueAt tickAt - journal.LastStanding.At > calm)

            if steps >= mostSteps || isCalm then
                go <- false
            elif hasDue && dueAt <= tickAt then
                queue.Dequeue() |> ignore
                now <- dueAt
                handle what

                if what.IsLook then
                    lookNext ()
            elif tickAt <= scenario.Length then
                now <- tickAt
                send Tick
            else
                go <- false

        let isCut = steps >= mostSteps
        journal.Course((if isCut then now else scenario.Length), isCut, scenario.Series)

/// What happens to a policy in a scenario, and what these conditions were all the time.
let play (policy: Policy) (conditions: Condition list) (scenario: Scenario) : Course =
    Player(watched policy conditions, conditions, scenario, ValueNone).Play()

/// The same, and no further once sizes and phases have not changed for as long as `calm`.
let playUntil (calm: int64<ms> voption) (policy: Policy) (conditions: Condition list) (scenario: Scenario) : Course =
    Player(watched policy conditions, conditions, scenario, calm).Play()
