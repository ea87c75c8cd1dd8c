/// What became of the effect in flight. An outcome of another revision changes nothing; a failure backs off and is
/// tried again when it is still called for, and never turns into another action.
module internal Serverless.Core.Outcomes

let private pending now reason (state: State) : Change =
    Change.none { state with Note = ValueSome reason; Heard = now }

let private resumed now (target: int64<mcu>) (state: State) : State =
    let state = State.enter now Awake state

    State.restart
        { state with
            At = now
            Size = target
            ResumedAt = now
            QuietSince = max state.QuietSince now
            // The count stays until it has run for a while: a compute that starts and crashes at once must back off.
            ResumeBackoff = { state.ResumeBackoff with NotBefore = Limits.Long } }

let private unresumed now reason restart (state: State) : State =
    let backoff = Backoff.failed ResumeAction now reason state.ResumeBackoff
    { State.enter now (Broken(reason, restart)) state with ResumeBackoff = backoff }

let private fitted now (target: int64<mcu>) (state: State) : State =
    State.restartPerSize { State.enter now Awake state with Size = target; ResizedAt = now; ResizeBackoff = Backoff.none }

let private suspended now (state: State) : State =
    { State.enter now Asleep state with SuspendBackoff = Backoff.none; ResumeBackoff = Backoff.none }

let private unsuspended now reason (state: State) : State =
    { State.enter now Awake state with SuspendBackoff = Backoff.failed SuspendAction now reason state.SuspendBackoff }

/// The compute stays as it was, and what was decided is not decided again at once.
let private withheld now kind reason (state: State) : Change =
    let state = State.enter now Awake state
    let backoff = Backoff.withheld kind now reason
    (if kind = SuspendAction then { state with SuspendBackoff = backoff } else { state with ResizeBackoff = backoff })
    |> Change.none
    |> Change.because "outcome" $"it is withheld: {reason}"

let private failure text state = Change.none state |> Change.warn text |> Change.because "outcome" text

/// Past the drain the first law is asked once more, and so are the forbids, unless an operator wants it.
let private drained now (drain: Drain) (state: State) : Change =
    let struct (_, reckoning) = Reckoning.at now state
    let evaluation = Evaluation(state, now)
    let work = Guard.obstacles state now drain |> List.map (fun (struct (reason, _)) -> reason)

    let forbidden =
        if drain.ByOperator then []
        else Conflicts.forbids evaluation state.Plan reckoning SuspendAction |> List.map (fun (name, reason) -> $"{name}: {reason}")

    match work @ forbidden with
    | [] -> Change.none { state with Stage = Stopping drain; Since = now; Note = ValueNone; Heard = now } |> Change.because "drained" "suspend"
    | found ->
        let text = "the suspend is cancelled: " + String.concat "; " found
        let cancelled = State.enter now Awake state
        if drain.ByOperator then Change.none cancelled |> Change.warn text |> Change.because "drained" text
        else Change.none cancelled |> Change.because "drained" text

let private ended now (outcome: Outcome) (state: State) : Change =
    match state.Stage, outcome with
    | _, StillPending reason -> pending now reason state
    | Waking(target, _), Succeeded -> resumed now target state |> Change.none
    | Waking(_, restart), (FailedWith reason | DeferredBy reason | InfeasibleFor reason | RefusedBy reason | WithheldBy reason) ->
        unresumed now reason restart state |> failure $"the resume failed: {reason}"
    | Fitting target, Succeeded -> fitted now target state |> Change.none
    | Fitting target, (FailedWith reason | DeferredBy reason | RefusedBy reason) ->
        { State.enter now Awake state with ResizeBackoff = Backoff.failed ResizeUpAction now reason state.ResizeBackoff }
        |> failure $"the resize to {Words.size target} failed: {reason}"
    | Fitting target, InfeasibleFor reason ->
        { State.enter now Awake state with ResizeBackoff = Backoff.infeasible ResizeUpAction now reason state.ResizeBackoff }
        |> failure $"the resize to {Words.size target} is infeasible: {reason}"
    | Fitting _, WithheldBy reason -> withheld now ResizeUpAction reason state
    | (Emptying _ | Stopping _), WithheldBy reason -> withheld now SuspendAction reason state
    | Emptying drain, Drained -> drained now drain state
    | (Emptying _ | Stopping _), Succeeded -> suspended now state |> Change.none
    | (Emptying _ | Stopping _), (RefusedBy reason | DeferredBy reason) -> unsuspended now reason state |> failure $"the suspend was refused: {reason}"
    | (Emptying _ | Stopping _), (FailedWith reason | InfeasibleFor reason) -> unsuspended now reason state |> failure $"the suspend failed: {reason}"
    | Stopping _, Drained -> Change.none state
    | (Waking _ | Fitting _), Drained -> Change.none state |> Change.warn "an outcome 'drained' was reported, and nothing drains"
    | (Asleep | Awake | Broken _), _ -> Change.none state

let apply now (revision: int64) (outcome: Outcome) (state: State) : Change =
    if revision = state.Revision && Stage.inFlight state.Stage then ended now outcome state
    elif revision > state.Revision then
        Change.none state |> Change.warn $"an outcome of revision {revision} was reported, and the newest is {state.Revision}"
    else Change.none state
