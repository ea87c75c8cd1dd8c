namespace Serverless.Core

/// The phase with what belongs to it alone. `Waking`, `Resizing`, `Draining` and `Stopping` have an effect in flight, the others none.
[<NoComparison>]
type internal Stage =
    | Asleep
    /// `restart`: it is wanted even when nobody waits.
    | Waking of target: int64<mcu> * restart: bool
    | Awake
    | Fitting of target: int64<mcu>
    | Emptying of Drain
    | Stopping of Drain
    /// No compute, and the last attempt to have one ended badly.
    | Broken of reason: string * restart: bool

module internal Stage =
    let phase =
        function
        | Asleep -> Phase.Suspended
        | Waking _ -> Phase.Resuming
        | Awake -> Phase.Running
        | Fitting _ -> Phase.Resizing
        | Emptying _ -> Phase.Draining
        | Stopping _ -> Phase.Suspending
        | Broken _ -> Phase.Failed

    let inFlight =
        function
        | Waking _
        | Fitting _
        | Emptying _
        | Stopping _ -> true
        | Asleep
        | Awake
        | Broken _ -> false

    /// A compute is up and is paid for.
    let up =
        function
        | Awake
        | Fitting _
        | Emptying _
        | Stopping _ -> true
        | Asleep
        | Waking _
        | Broken _ -> false

/// Everything that the next decision depends on. A plain value: no part of it ever changes.
[<NoEquality; NoComparison>]
type State =
    internal
        { Plan: Plan
          /// Of the last input that changed it.
          At: int64<ms>
          /// The first instant at which something could change by the mere passing of time; before it a tick is quiet.
          Next: int64<ms>
          Revision: int64
          Stage: Stage
          Since: int64<ms>
          Size: int64<mcu>
          PausedBy: string voption
          /// An operator's command that waits for the effect in flight to end.
          Pending: struct (Command * string) voption
          /// The last word on the effect in flight.
          Note: string voption
          Heard: int64<ms>
          Activity: Activity
          ActivityAt: int64<ms>
          /// Since when it has been idle, when it is.
          QuietSince: int64<ms>
          ResumedAt: int64<ms>
          ResizedAt: int64<ms>
          ResumeBackoff: Backoff
          ResizeBackoff: Backoff
          SuspendBackoff: Backoff
          Unreclaimable: int64<bytes>
          Capacity: struct (int64<mcpu> * int64<bytes>) voption
          Spending: Spending
          /// By slot of the plan.
          Series: Series[]
          FactsAt: int64<ms>
          /// By place of the plan: since when it has been True; `Limits.Never` when it is not.
          Timers: int64<ms>[]
          /// By rule of the plan.
          Armed: bool[]
          /// What the last look decided, without what it began: told again, the same object, on quiet ticks.
          Standing: Decision }

module internal State =
    let phase (state: State) = Stage.phase state.Stage

    let quiet: Activity =
        { Held = 0
          Running = 0
          Transactions = 0
          Pinned = 0
          Open = 0
          Active = 0
          UnknownPeers = 0
          LastEnded = None
          TransactionsIdle = 0L<ms>
          PinnedIdle = 0L<ms>
          QueriesRate = 0L
          QueriesLatency = 0L<ms>
          QueriesSince = None }

    let private freshSeries (plan: Plan) = plan.Slots |> Array.map (fun slot -> Series.empty slot.Forecasts slot.PercentileWidths)
    let private freshTimers (plan: Plan) = Array.create plan.Timers.Length Limits.Never

    /// A decision that begins nothing and gives no reasons.
    let standing at next revision phase blocked refuseHeld : Decision =
        { At = at
          Revision = revision
          Phase = phase
          Effect = ValueNone
          Because = []
          Reasons = []
          Blocked = blocked
          Warnings = []
          RefuseHeld = refuseHeld
          NextCheck = next }

    /// Nothing runs and nothing is known yet.
    let initial (plan: Plan) (size: int64<mcu>) (at: int64<ms>) : State =
        { Plan = plan
          At = at
          Next = at
          Revision = 0L
          Stage = Asleep
          Since = at
          Size = size
          PausedBy = ValueNone
          Pending = ValueNone
          Note = ValueNone
          Heard = at
          Activity = quiet
          ActivityAt = at
          QuietSince = at
          ResumedAt = Limits.Long
          ResizedAt = Limits.Long
          ResumeBackoff = Backoff.none
          ResizeBackoff = Backoff.none
          SuspendBackoff = Backoff.none
          Unreclaimable = 0L<bytes>
          Capacity = ValueNone
          Spending = Spending.upTo plan.Zone at 0L<mcu> { Spending.none with At = at }
          Series = freshSeries plan
          FactsAt = at
          Timers = freshTimers plan
          Armed = Array.zeroCreate plan.Rules.Length
          Standing = standing at at 0L Phase.Suspended [] None }

    let disarm (state: State) : State =
        if Array.contains true state.Armed then { state with Armed = Array.zeroCreate state.Armed.Length } else state

    /// All windows and timers start anew: a suspend or resume, or a silence too long to make up for.
    let restart (state: State) : State =
        { disarm state with
            Series = Array.map Series.restart state.Series
            Timers = freshTimers state.Plan
            FactsAt = state.At }

    /// Windows of metrics per size start anew after a resize.
    let restartPerSize (state: State) : State =
        let restarted index series = if state.Plan.Slots[index].Metric.PerSize then Series.restart series else series
        { disarm state with Series = Array.mapi restarted state.Series }

    /// The same database under another policy: samples that it still asks for stay, timers and armed rules start anew at `now`.
    let replan (now: int64<ms>) (plan: Plan) (state: State) : State =
        let carried (slot: Slot) =
            let place =
                state.Plan.Slots
                |> Array.tryFindIndex (fun old -> old.Metric.Name = slot.Metric.Name && old.Metric.Source = slot.Metric.Source && old.Metric.Type = slot.Metric.Type)

            match place with
            | None -> Series.empty slot.Forecasts slot.PercentileWidths
            | Some index ->
                Series.toList state.Series[index]
                |> List.fold (fun series (at, value) -> Series.append slot.Widest at value series) (Series.empty slot.Forecasts slot.PercentileWidths)
                |> Series.losing state.Series[index].Lost

        { state with
            Plan = plan
            Series = Array.map carried plan.Slots
            FactsAt = now
            Timers = freshTimers plan
            Armed = Array.zeroCreate plan.Rules.Length
            ResizeBackoff = Backoff.forgetWithheld state.ResizeBackoff
            SuspendBackoff = Backoff.forgetWithheld state.SuspendBackoff
            Next = now }

    /// Carries the bill on to `now`; call it before the size or the phase changes.
    let bill (now: int64<ms>) (state: State) : State =
        let size = if Stage.up state.Stage then state.Size else 0L<mcu>
        { state with Spending = Spending.upTo state.Plan.Zone now size state.Spending }

    /// Enters a stage with a new revision: whatever was in flight before is stale from here on.
    let enter (now: int64<ms>) (stage: Stage) (state: State) : State =
        let state = bill now state

        let state =
            { state with
                Revision = state.Revision + 1L
                Stage = stage
                Since = (if Stage.phase stage = Stage.phase state.Stage then state.Since else now)
                Note = ValueNone
                Heard = now }

        if Stage.up stage then disarm state else restart { state with At = now }
