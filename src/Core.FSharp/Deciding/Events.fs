/// Applies an event to a state: bookkeeping, and what must follow at once. An event that tells nothing new returns the same state.
module internal Serverless.Core.Events

let private measured now (samples: struct (string * int64) list) (state: State) : State =
    let mutable series = state.Series

    for struct (metric, value) in samples do
        let index = state.Plan.Slots |> Array.tryFindIndex (fun slot -> slot.Metric.Name = metric && slot.Fact.IsNone) |> Option.defaultValue -1

        if index >= 0 then
            if obj.ReferenceEquals(series, state.Series) then series <- Array.copy series
            series[index] <- Series.append state.Plan.Slots[index].Widest now value series[index]

    if obj.ReferenceEquals(series, state.Series) then state else { state with Series = series }

/// Idle counts from the end of the last statement, and from no earlier than when it was last seen busy: a client that goes away in
/// an open transaction ends no statement.
let private active now (activity: Activity) (state: State) : State =
    let old = state.Activity
    let timeless = activity.Transactions = 0 && activity.Pinned = 0

    if timeless && activity = old then state
    else
        let ended =
            match activity.LastEnded with
            | Some ended -> min now ended
            | None -> Limits.Long

        let quiet = if Facts.busy old then now else max state.QuietSince ended
        // A suspend that was withheld is worth telling of once for each time that it goes quiet.
        let suspends = if quiet > state.QuietSince then Backoff.forgetWithheld state.SuspendBackoff else state.SuspendBackoff
        { state with Activity = activity; ActivityAt = now; QuietSince = quiet; SuspendBackoff = suspends }

/// A statement that is held takes a drain back, unless an operator asked for it.
let private cancelled now (change: Change) : Change =
    match change.State.Stage with
    | Emptying drain when change.State.Activity.Held > 0 && not drain.ByOperator ->
        { change with State = State.enter now Awake change.State }
        |> Change.because "held" "cancel the suspend"
    | _ -> change

let private found cpu memory (state: State) : State =
    match state.Capacity with
    | _ when cpu <= 0L<mcpu> || memory <= 0L<bytes> -> state
    | ValueSome(struct (c, m)) when c = cpu && m = memory -> state
    // What was infeasible may fit now.
    | _ -> { state with Capacity = ValueSome(struct (cpu, memory)); ResizeBackoff = Backoff.none }

let apply now (event: Event) (state: State) : Change =
    match event with
    | Tick
    | PolicyChanged -> Change.none state
    | Measured(metric, value) -> Change.none (measured now [ struct (metric, value) ] state)
    | MeasuredTogether samples -> Change.none (measured now samples state)
    | ActivityChanged activity -> Change.none (active now activity state) |> cancelled now
    | Observed observation -> Observing.apply now observation state
    | Unreclaimable memory when max 0L<bytes> memory = state.Unreclaimable -> Change.none state
    | Unreclaimable memory -> Change.none { state with Unreclaimable = max 0L<bytes> memory }
    | Capacity(cpu, memory) -> Change.none (found cpu memory state)
    | EffectOutcome(revision, outcome) -> Outcomes.apply now revision outcome state
    | Commanded(command, by) -> Commands.apply now command by state
