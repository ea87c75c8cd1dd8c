namespace Serverless.Core

open System

/// Inputs as C# makes them. `at` is Unix time in milliseconds, UTC.
[<AbstractClass; Sealed>]
type Inputs =
    static member private Of(at: int64, event: Event) : Input = { At = at * 1L<ms>; Event = event }

    static member private Size(size: Nullable<int64>) : int64<mcu> voption =
        if size.HasValue then ValueSome(size.Value * 1L<mcu>) else ValueNone

    static member private Instant(at: Nullable<int64>) : int64<ms> option =
        if at.HasValue then Some(at.Value * 1L<ms>) else None

    static member Tick(at: int64) : Input = Inputs.Of(at, Tick)

    /// A sample in the scale of the metric's type.
    static member Measured(at: int64, metric: string, value: int64) : Input = Inputs.Of(at, Measured(metric, value))

    /// Samples that were taken together, in the scale of their metrics' types.
    static member Measured(at: int64, samples: struct (string * int64) seq) : Input = Inputs.Of(at, Event.OfSamples samples)

    static member ActivityChanged(at: int64, activity: Activity) : Input = Inputs.Of(at, ActivityChanged activity)

    /// Size in thousandths of a compute unit; null where it is not known.
    static member Serves(at: int64, size: Nullable<int64>) : Input = Inputs.Of(at, Observed(ComputeServes(Inputs.Size size)))

    static member Starting(at: int64) : Input = Inputs.Of(at, Observed ComputeStarting)
    static member Gone(at: int64) : Input = Inputs.Of(at, Observed ComputeGone)
    static member Crashed(at: int64, reason: string) : Input = Inputs.Of(at, Observed(ComputeCrashed reason))

    /// Bytes of memory that cannot be given back.
    static member Unreclaimable(at: int64, memory: int64) : Input = Inputs.Of(at, Unreclaimable(memory * 1L<bytes>))

    /// Millicores and bytes that the machine or node has at most.
    static member Capacity(at: int64, cpu: int64, memory: int64) : Input = Inputs.Of(at, Capacity(cpu * 1L<mcpu>, memory * 1L<bytes>))

    static member Outcome(at: int64, revision: int64, outcome: Outcome) : Input = Inputs.Of(at, EffectOutcome(revision, outcome))

    static member Suspend(at: int64, by: string) : Input = Inputs.Of(at, Commanded(SuspendCommand, by))

    /// Size in thousandths of a compute unit; null: the size it had.
    static member Resume(at: int64, size: Nullable<int64>, by: string) : Input = Inputs.Of(at, Commanded(ResumeCommand(Inputs.Size size), by))

    static member Resize(at: int64, size: int64, by: string) : Input = Inputs.Of(at, Commanded(ResizeCommand(size * 1L<mcu>), by))
    static member Pause(at: int64, by: string) : Input = Inputs.Of(at, Commanded(PauseCommand, by))
    static member Unpause(at: int64, by: string) : Input = Inputs.Of(at, Commanded(UnpauseCommand, by))
    static member PolicyChanged(at: int64) : Input = Inputs.Of(at, PolicyChanged)

    /// Counts of sessions and statements; `lastEnded` as Unix milliseconds, null before the first; idle times and latency in
    /// milliseconds; `queriesRate` in thousandths a second; `queriesSince` as Unix milliseconds, null where nothing ended or it is not known.
    static member Activity
        (held: int, running: int, transactions: int, pinned: int, opened: int, active: int, unknownPeers: int, lastEnded: Nullable<int64>,
         transactionsIdle: int64, pinnedIdle: int64, queriesRate: int64, queriesLatency: int64, queriesSince: Nullable<int64>) : Activity =
        { Held = held
          Running = running
          Transactions = transactions
          Pinned = pinned
          Open = opened
          Active = active
          UnknownPeers = unknownPeers
          LastEnded = Inputs.Instant lastEnded
          TransactionsIdle = transactionsIdle * 1L<ms>
          PinnedIdle = pinnedIdle * 1L<ms>
          QueriesRate = queriesRate
          QueriesLatency = queriesLatency * 1L<ms>
          QueriesSince = Inputs.Instant queriesSince }
