/// Plays a policy in virtual time: what a gateway and a compute would tell the kernel, and what it answers. Calls `Kernel.step` and nothing else of it.
module internal Serverless.Rules.Player

open System
open System.Collections.Generic
open Serverless.Core

/// A kernel that asked to be called at every millisecond would never come to an end.
let private mostSteps = 20_000_000

/// Values between the edges of a ramp are looked at this often where they are no samples.
let private lookEvery = 1_000L<ms>

type private Due =
    | Event of ScenarioEvent
    | StatementsEnd of id: int
    | Look
    | Sampling of Metric[]

let private order due =
    match due with
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
type private Player(policy: Policy, conditions: Condition list, scenario: Scenario, effects: Effects, calm: int64<ms> voption) as this =
    inherit Controller(policy, effects, scenario.Start)
    let start = scenario.Start
    let queue = PriorityQueue<Due, struct (int64<ms> * int * int)>()
    let journal = Journal conditions.Length
    let workload = Workload scenario
    let looks = HashSet<int64<ms>>()
    let mutable isClockSet = false
    let mutable sequence = 0
    let mutable resident = -1L
    let mutable places: int[] = [||]

    let due (at: int64<ms>) (what: Due) =
        sequence <- sequence + 1

        if at <= scenario.Length then
            queue.Enqueue(what, struct (at, order what, sequence))

    let truthsOf (state: State) : bool voption[] =
        if conditions.IsEmpty then
            [||]
        else
            let all = Kernel.forbidding state this.Shown

            if places.Length = 0 then
                places <- Array.init conditions.Length (fun index -> all |> Array.findIndex (fun (struct (name, _)) -> name = watchName index))

            places
            |> Array.map (fun place ->
                let struct (_, truth) = all[place]
                truth)

    /// Statements that wait begin as soon as there is a compute, and are lost with it.
    let moveStatements () =
        if Phases.isUp this.Phase then
            for id, length in workload.Statements.Begin() do
                due (this.Now + length) (StatementsEnd id)
        elif not (Phases.exists this.Phase) then
            workload.Statements.LoseRunning()

    let facts = scenario.Series |> List.filter (fun one -> Given.all |> List.exists (fun (name, _) -> name = one.Name) || Catalogue.metrics |> List.exists (fun metric -> metric.Name = one.Name && metric.Class = Fact))

    let lookNext () =
        let next =
            facts
            |> List.choose (fun one -> Series.nextChange lookEvery this.Now one |> Option.ofValueOption)
            |> List.fold min Controller.Never

        if looks.Add next then
            due next Look

    let measure (metric: Metric) : int64 voption =
        match metric.Name with
        | "cpu" when workload.Has Given.load -> ValueSome(Work.cpu policy.Unit this.Size (workload.Work this.Now))
        | "memory" when workload.Has Given.resident -> ValueSome(Work.memory policy.Unit this.Size (workload.Work this.Now))
        | name -> workload.Value(this.Now, name)

    let happen (event: ScenarioEvent) =
        let told words = journal.Note(this.Now, true, words)

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
            this.Send(Commanded(command, "operator"))
        | ComputeCrashes ->
            told "the compute crashes"
            this.Send(Observed(ComputeCrashed "as the scenario has it"))
        | ComputeStops ->
            told "the compute stops"
            this.Send(Observed ComputeGone)
        | ComputeServesAt size ->
            told $"the compute serves at {sizeOf size}"
            this.Send(Observed(ComputeServes(ValueSome size)))
        | ClockJumps by ->
            told $"""the clock is set {if by < 0L<ms> then "back" else "forward"} by {span (abs by)}"""
            this.SetClock by
            isClockSet <- true
            this.Look()
        | Statements(count, length) ->
            sequence <- sequence + 1
            told $"""{count} {if count = 1 then "statement" else "statements"} of {span length}"""
            workload.Statements.Come(sequence, count, length)
            this.Look()

    let handle what =
        match what with
        | Event event -> happen event
        | StatementsEnd id ->
            if workload.Statements.End id then
                this.Look()
        | Look ->
            if not (Phases.exists this.Phase) then
                this.Mend()

            this.Look()
        | Sampling metrics ->
            if Phases.exists this.Phase then
                this.Measure
                    [ for metric in metrics do
                          match measure metric with
                          | ValueSome value -> struct (metric.Name, value)
                          | ValueNone -> () ]

            due (this.Now + metrics[0].Period) (Sampling metrics)

    /// Tells the kernel what the scenario begins with.
    let warmUp () =
        let struct (before, last, bare) = Beginning.state policy scenario.Begins scenario.Machine start
        this.Begin(before, last)
        journal.Stand(0L<ms>, this.Phase, this.Size)

        // Whoever waits at the start for what is suspended is told of later: the policy that led here must not wake it.
        if Phases.exists this.Phase then
            moveStatements ()
            workload.News(0L<ms>, this.Phase) |> ValueOption.iter (fun first -> this.Prepare(bare, ActivityChanged first))

            if workload.Has Given.resident then
                resident <- int64 (workload.Work 0L<ms>).Resident
                this.Prepare(bare, Unreclaimable(resident * 1L<bytes>))

        this.Spend(scenario.SpentDay, scenario.SpentMonth)

    override _.Decided(answer) =
        let now = this.Now
        let truths = truthsOf this.State
        journal.See(now, truths)

        for warning in answer.Warnings do
            journal.Note(now, false, warning)

        match answer.Effect with
        | ValueSome effect -> journal.Begin(now, effect, this.Size, answer, (if conditions.IsEmpty then truths else truthsOf this.Undecided))
        | ValueNone -> ()

        journal.Hold(now, answer.Blocked)

    override _.Stood(before) =
        journal.Stand(this.Now, this.Phase, this.Size)

        if this.Phase <> before then
            due this.Now Look

    override _.Refuse(reason) =
        if workload.Statements.Waiting > 0 then
            journal.Note(this.Now, false, $"{workload.Statements.Waiting} held get an error: {reason}")
            workload.Statements.LoseWaiting()
            due this.Now Look

    override _.Break(breaking) = workload.Clients.Break breaking
    override _.Mend() = workload.Clients.Mend()

    override _.Look() =
        if isClockSet then
            workload.Clients.SetClock(this.Shown - start - this.Now)

        moveStatements ()

        match workload.News(this.Now, this.Phase) with
        | ValueSome found -> this.Send(ActivityChanged found)
        | ValueNone -> ()

        let memory = int64 (workload.Work this.Now).Resident

        if memory <> resident && workload.Has Given.resident && Phases.exists this.Phase then
            resident <- memory
            this.Send(Unreclaimable(memory * 1L<bytes>))

    member _.Play() : Course =
        warmUp ()

        for struct (at, event) in scenario.Events do
            due at (Event event)

        for _, metrics in Controller.Looks policy do
            due 0L<ms> (Sampling(Array.ofList metrics))

        this.Send PolicyChanged
        this.Look()
        lookNext ()
        let mutable go = true

        while go do
            let mutable what = Look
            let mutable priority = struct (Controller.Never, 0, 0)
            let isQueued = queue.TryPeek(&what, &priority)
            let struct (firstAt, _, _) = priority
            let queuedAt = if isQueued then firstAt else Controller.Never
            let tickAt = this.TickAt
            let nextAt = min this.DueAt queuedAt
            let isCalm = calm |> ValueOption.exists (fun calm -> min nextAt tickAt - journal.LastStanding.At > calm)

            if this.Steps >= mostSteps || isCalm || min nextAt tickAt > scenario.Length then
                go <- false
            elif nextAt > tickAt then
                this.Now <- tickAt
                this.Send Tick
            elif this.DueAt <= queuedAt then
                // What an effect has to tell comes before all else of its instant.
                this.Now <- nextAt
                this.Fulfil()
            else
                queue.Dequeue() |> ignore
                this.Now <- nextAt
                handle what

                if what.IsLook then
                    lookNext ()

        let isCut = this.Steps >= mostSteps
        journal.Course((if isCut then this.Now else scenario.Length), isCut, scenario.Series)

/// What happens to a policy in a scenario, and what these conditions were all the time.
let play (policy: Policy) (conditions: Condition list) (scenario: Scenario) : Course =
    Player(watched policy conditions, conditions, scenario, Effects(), ValueNone).Play()

/// The same, and no further once sizes and phases have not changed for as long as `calm`.
let playUntil (calm: int64<ms> voption) (policy: Policy) (conditions: Condition list) (scenario: Scenario) : Course =
    Player(watched policy conditions, conditions, scenario, Effects(), calm).Play()
