namespace Serverless.Rules

open System
open System.Threading
open Serverless.Core

/// Metrics that are measured together.
[<Sealed; AllowNullLiteral>]
type private Sampling(period: int64<ms>, metrics: Metric[], places: int[]) =
    member _.Period = period
    member _.Metrics = metrics
    /// By metric: its place among the load's own; -1 where the load does not have it.
    member _.Places = places
    member val At = 0L<ms> with get, set

/// Plays a policy against a load in a closed loop: the size changes what is measured and how long statements wait. Between what happens nothing is
/// looked at, so a night in which nobody comes costs nothing.
[<Sealed>]
type internal Simulator(policy: Policy, compute: ComputeModel, load: LoadSource, begins: StartState, tally: Tally, timeline: Timeline voption) as this =
    inherit Controller(policy, compute.Effects(), load.Start)
    let cursor = new LoadCursor(load)
    let queue = Queue(cursor, tally)
    let clients = Clients load.Start
    let mutable warmAt = 0L<ms>
    let mutable resident = -1L<bytes>
    let mutable capacity = 0L<mcpu>
    let mutable passed = 0L<ms>
    let mutable cancellation = CancellationToken.None

    /// A rule reads what moves while a queue grows or shrinks. Others are told when it begins and ends, which is all that they can see of it.
    let hearsQueue =
        policy.Metrics |> List.exists (fun metric -> List.contains metric.Name [ "queries.running"; "queries.latency"; "connections.open"; "connections.active" ])

    let samplings =
        Controller.Looks policy
        |> List.map (fun (period, metrics) ->
            let places = metrics |> List.map (fun metric -> load.Metrics |> Seq.tryFindIndex ((=) metric.Name) |> Option.defaultValue -1)
            Sampling(period, Array.ofList metrics, Array.ofList places))
        |> Array.ofList

    let isCold () = this.Now < warmAt

    /// Percent of what the load was measured on.
    let pace () = int64 compute.Speed * (if isCold () then int64 compute.Cold else 100L)

    let settleCapacity () = capacity <- int64 (ComputeUnit.cpu this.Size policy.Unit) * pace () / 10_000L * 1L<mcpu>

    /// Time goes by as it was until now; what changes at this instant comes after.
    let reach (at: int64<ms>) =
        let isUp = Phases.isUp this.Phase

        match timeline with
        | ValueNone -> queue.Pass(at, isUp, capacity)
        | ValueSome timeline ->
            while passed < at do
                let until = min at (timeline.EndOf passed)
                let before = queue.Waiting
                queue.Pass(until, isUp, capacity)
                timeline.Note(passed, until, this.Phase, this.Size, max before queue.Waiting, tally.Waits.TakeLongest())
                passed <- until

        this.Now <- at

        if at = warmAt then
            settleCapacity ()

        if not isUp && this.Decision.RefuseHeld.IsSome then
            queue.Refuse()

    let doing () : Doing =
        let row = &cursor.Row
        let isUp = Phases.isUp this.Phase
        let waiting = queue.Waiting

        let working =
            match queue.Arrivals with
            | Arrivals.Steady -> max 1 queue.Together
            // A statement that began has work before it yet, or its answer.
            | _ when waiting = 0 && (queue.HasWork || this.Now < queue.SingleEnds) -> 1
            | _ -> 0

        let isGiven = row.Rate <> LoadRow.NotGiven

        { Held = if isUp then 0 elif queue.Arrivals = Arrivals.Steady then max (max 1 row.Running) waiting else waiting
          Running = if isUp then working + waiting else 0
          Transactions = clients.Transactions(row.Transactions, this.Phase)
          Pinned = clients.Pinned(row.Pinned, this.Phase)
          Open = row.Open
          Active = 0
          UnknownPeers = 0
          QueriesRate = if isUp && isGiven then (row.Rate + 999L) / 1_000L else 0L
          QueriesLatency = if isUp && isGiven && row.Rate > 0L then row.Latency + queue.Ahead capacity else 0L<ms> }

    let measure (metric: Metric) (place: int) : int64 voption =
        match metric.Name with
        | "cpu" when queue.IsFull -> ValueSome 10_000L
        | "cpu" -> ValueSome(Work.cpu policy.Unit this.Size { Cpu = cursor.Row.Cpu * 10_000L / pace (); Resident = 0L<bytes> })
        | "memory" -> ValueSome(Work.memory policy.Unit this.Size { Cpu = 0L<mcpu>; Resident = cursor.Row.Resident })
        | _ when place < 0 || cursor.Value place = LoadRow.Missing -> ValueNone
        | _ -> ValueSome(cursor.Value place)

    let sample (sampling: Sampling) =
        let mutable found = []

        for index in sampling.Metrics.Length - 1 .. -1 .. 0 do
            match measure sampling.Metrics[index] sampling.Places[index] with
            | ValueSome value -> found <- struct (sampling.Metrics[index].Name, value) :: found
            | ValueNone -> ()

        this.Measure found
        sampling.At <- sampling.At + sampling.Period

    /// Measuring begins anew with a compute, in step with the time from the start.
    let arrangeSampling () =
        for sampling in samplings do
            sampling.At <- (this.Now + sampling.Period - 1L<ms>) / sampling.Period * sampling.Period

    let nextSampling () : Sampling =
        let mutable found: Sampling = null

        if Phases.exists this.Phase then
            for sampling in samplings do
                if isNull found || sampling.At < found.At then
                    found <- sampling

        found

    /// The next instant at which clients do something that the kernel must hear of at once.
    let lookAt () : int64<ms> =
        if Phases.isUp this.Phase then
            // A statement that is seen running is seen to end; and so is the last of those that wait.
            let ends = if this.Now < queue.SingleEnds then queue.SingleEnds else Controller.Never
            let empty = if queue.Arrivals = Arrivals.Steady then Controller.Never else queue.EmptyAt capacity
            let warm = if isCold () then warmAt else Controller.Never
            let again = if hearsQueue && queue.IsBehind capacity then this.Now + 1_000L<ms> else Controller.Never
            min (min ends (max (this.Now + 1L<ms>) (min empty queue.SingleAt))) (min warm again)
        else
            // The gateway tells once a second how many wait.
            let again = if queue.Waiting > 0 || queue.Arrivals = Arrivals.Steady then this.Now + 1_000L<ms> else Controller.Never
            min (max this.Now queue.SingleAt) again

    let turn () =
        queue.Turn(Phases.isUp this.Phase)
        this.Look()

    let prepare () =
        let struct (before, last, bare) = Beginning.state policy begins ValueNone load.Start
        this.Begin(before, last)
        tally.Stand(0L<ms>, this.Phase, this.Size)
        settleCapacity ()
        queue.Turn(Phases.isUp this.Phase)

        if Phases.exists this.Phase then
            clients.News(0L<ms>, doing ()) |> ValueOption.iter (fun first -> this.Prepare(bare, ActivityChanged first))

            if load.HasMemory then
                resident <- cursor.Row.Resident
                this.Prepare(bare, Unreclaimable resident)

        this.Spend(0L, 0L)

    override _.Decided(answer) =
        match answer.Effect with
        | ValueSome effect -> tally.Begin(this.Now, effect)
        | ValueNone -> ()

    override _.Stood(before) =
        tally.Stand(this.Now, this.Phase, this.Size)

        if before = Phase.Resuming && Phases.isUp this.Phase then
            warmAt <- this.Now + compute.WarmUpMs * 1L<ms>

        if Phases.exists this.Phase && not (Phases.exists before) then
            arrangeSampling ()
        elif not (Phases.exists this.Phase) then
            queue.Stop()
            this.Mend()

        settleCapacity ()

    override _.Refuse _ =
        if not (Phases.isUp this.Phase) then
            queue.Refuse()

    override _.Break(breaking) = clients.Break breaking
    override _.Mend() = clients.Mend()

    override _.Look() =
        if Phases.isUp this.Phase then
            queue.Settle capacity

        if queue.TakeNewEnd() && queue.SingleEnds <= this.Now then
            clients.End queue.SingleEnds

        match clients.News(this.Now, doing ()) with
        | ValueSome found -> this.Send(ActivityChanged found)
        | ValueNone -> ()

        if cursor.Row.Resident <> resident && load.HasMemory && Phases.exists this.Phase then
            resident <- cursor.Row.Resident
            this.Send(Unreclaimable resident)

    /// What kept the load from being read to its end; null: nothing.
    member _.Problem: LoadProblem | null = cursor.Problem

    /// When it is cancelled, `Run` throws an OperationCanceledException.
    member _.Cancellation with set (token: CancellationToken) = cancellation <- token

    /// To the end of the load. How long that is.
    member _.Run() : int64<ms> =
        use _ = cursor
        prepare ()
        this.Send PolicyChanged
        this.Look()
        let mutable go = not cursor.IsEnd
        let mutable phase = this.Phase

        while go do
            cancellation.ThrowIfCancellationRequested()

            // Another phase changes what clients wait for and what runs: told at once, as a gateway does.
            if this.Phase <> phase then
                phase <- this.Phase
                this.Look()
            else
                let sampling = nextSampling ()
                let sampleAt = if isNull sampling then Controller.Never else sampling.At
                let tickAt = this.TickAt
                let lookAt = lookAt ()
                let rowAt = cursor.Until
                let eventAt = min (min rowAt lookAt) (min sampleAt tickAt)

                // In one instant: what an effect has to tell, the clients, samples, and last the passing of time.
                if this.DueAt <= eventAt && this.DueAt <= rowAt then
                    reach this.DueAt
                    this.Fulfil()
                else
                    reach eventAt

                    if rowAt = eventAt then
                        cursor.MoveOn()
                        if cursor.IsEnd then go <- false else turn ()
                    elif lookAt = eventAt then
                        this.Look()
                    elif sampleAt = eventAt then
                        this.Look()
                        sample sampling
                    else
                        this.Look()

                        if this.TickAt = eventAt then
                            this.Send Tick

        tally.Bill this.Now
        queue.Close()
        tally.Steps <- int64 this.Steps
        this.Now
