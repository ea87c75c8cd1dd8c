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
    let journal = Journal conditions.Length
    let workload = Workload scenario
    let effects = Effects()
    let looks = HashSet<int64<ms>>()
    let mutable sequence = 0
    let mutable now = 0L<ms>
    let mutable steps = 0
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

    let act (effect: Effect) (decision: Decision) truths =
        journal.Begin(now, effect, size, decision, truths)
        let length = effects.Length effect
        let ends = now + length

        match effect with
        | DoSuspend drain ->
            let rest = min 1_000L<ms> (length / 2L)
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
            | Some reason when workload.Statements.Waiting > 0 ->
                journal.Note(now, false, $"{workload.Statements.Waiting} held get an error: {reason}")
                workload.Statements.LoseWaiting()
                due now Look
            | _ -> ()

    /// Statements that wait begin as soon as there is a compute, and are lost with it.
    let moveStatements () =
        if Phases.isUp phase then
            for id, length in workload.Statements.Begin() do
                due (now + length) (StatementsEnd id)
        elif not (Phases.exists phase) then
            workload.Statements.LoseRunning()

    let look () =
        moveStatements ()

        match workload.News(now, phase) with
        | ValueSome found -> send (ActivityChanged found)
        | ValueNone -> ()

        let memory = int64 (workload.Work now).Resident

        if memory <> resident && workload.Has Given.resident && Phases.exists phase then
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
        | "cpu" when workload.Has Given.load -> ValueSome(Work.cpu policy.Unit size (workload.Work now))
        | "memory" when workload.Has Given.resident -> ValueSome(Work.memory policy.Unit size (workload.Work now))
        | name -> workload.Value(now, name)

    let happen (event: ScenarioEvent) =
        let told words = journal.Note(now, true, words)

        match event with
        | EffectsTake(kind, length) -> effects.Take(kind, length)
        | EffectsEnd(kind, how) -> effects.End(kind, how)
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
            workload.Statements.Come(sequence, count, length)
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

            send (EffectOutcome(revision, effects.Outcome kind))
        | DrainEnds(revision, _, _) when revision <> decision.Revision -> ()
        | DrainEnds(revision, drain, rest) ->
            match effects.Outcome SuspendEffect with
            | RefusedBy _ as refused -> send (EffectOutcome(revision, refused))
            | _ ->
                workload.Break drain.Breaking
                look ()

                if decision.Revision = revision then
                    send (EffectOutcome(revision, Drained))

                    if phase = Phase.Suspending then
                        due (now + rest) (Report(revision, Succeeded))

                if phase <> Phase.Suspending then
                    workload.Mend()
        | Event event -> happen event
        | StatementsEnd id ->
            if workload.Statements.End id then
                look ()
        | Look ->
            if not (Phases.exists phase) then
                workload.Mend()

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

        moveStatements ()
        step (ActivityChanged(workload.Begin(now, phase)))

        if scenario.Begins.IsStartsRunning && workload.Has Given.resident then
            resident <- int64 (workload.Work now).Resident
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
