/// What was found is what is: somebody else's hand is respected. While an effect is in flight its outcome tells,
/// save for a compute that is gone, and for an effect that nobody has spoken of for too long.
module internal Serverless.Core.Observing

/// Nonsense of an observer is not taken for a size.
let private credible (size: int64<mcu> voption) : int64<mcu> voption =
    match size with
    | ValueSome found when found > 0L<mcu> -> ValueSome(min found Limits.LargestSize)
    | _ -> ValueNone

let private up now (size: int64<mcu> voption) (state: State) : State =
    let woken = State.enter now Awake state

    State.restart
        { woken with
            At = now
            Size = ValueOption.defaultValue woken.Size size
            ResumedAt = now
            QuietSince = max woken.QuietSince now
            ResumeBackoff = Backoff.none }

let private resized now (size: int64<mcu>) (state: State) : State =
    let state = State.bill now state
    State.restartPerSize { state with Size = size; ResizedAt = now }

/// It ran all along: only the effect that nobody speaks of is over.
let private carriesOn now (size: int64<mcu> voption) (state: State) : State =
    let state = State.enter now Awake state

    match size with
    | ValueSome found when found <> state.Size -> resized now found state
    | _ -> state

let private crashed now reason restart (state: State) : State =
    let backoff = Backoff.crashed now (now - state.ResumedAt) reason state.ResumeBackoff
    let stage = if restart then Broken(reason, true) else Asleep
    { State.enter now stage state with ResumeBackoff = backoff }

/// By somebody else, however long it had run.
let private stopped now (state: State) : State =
    { State.enter now Asleep state with ResumeBackoff = Backoff.endedRun (now - state.ResumedAt) state.ResumeBackoff }

let private silent now (state: State) = now - state.Heard >= Limits.Patience

let private serves now (size: int64<mcu> voption) (state: State) : Change =
    let reached text state = Change.none state |> Change.because "observed" text

    match state.Stage, size with
    | (Asleep | Broken _), _ -> up now size state |> reached "it runs, started by somebody else"
    | Awake, ValueSome found when found <> state.Size -> resized now found state |> reached $"its size is {Words.size found}, set by somebody else"
    | (Waking _ | Stopping _), _ when silent now state -> up now size state |> reached "it runs, and no outcome was reported"
    | (Fitting _ | Emptying _), _ when silent now state -> carriesOn now size state |> reached "it runs, and no outcome was reported"
    | (Awake | Waking _ | Stopping _ | Fitting _ | Emptying _), _ -> Change.none state

let apply now (observation: Observation) (state: State) : Change =
    let reached text state = Change.none state |> Change.because "observed" text

    match observation, state.Stage with
    | ComputeServes size, _ -> serves now (credible size) state
    | ComputeGone, (Awake | Fitting _ | Emptying _) -> stopped now state |> reached "nothing runs, stopped by somebody else"
    | ComputeGone, Waking(_, restart) when silent now state ->
        State.enter now (Broken("nothing runs, and no outcome was reported", restart)) state |> reached "nothing runs, and no outcome was reported"
    | ComputeGone, Stopping _ when silent now state -> stopped now state |> reached "nothing runs, and no outcome was reported"
    | ComputeGone, (Asleep | Broken _ | Waking _ | Stopping _) -> Change.none state
    | ComputeStarting, Awake -> stopped now state |> reached "it is being started by somebody else"
    | ComputeStarting, _ -> Change.none state
    | ComputeCrashed reason, (Awake | Fitting _) -> crashed now reason true state |> reached $"it crashed: {reason}"
    | ComputeCrashed reason, Emptying _ -> crashed now reason false state |> reached $"it crashed while draining: {reason}"
    | ComputeCrashed _, (Asleep | Broken _ | Waking _ | Stopping _) -> Change.none state
