/// An operator's hand: above rules, cooldowns and back-off, within the laws. What comes while an effect is in flight waits for its end.
module internal Serverless.Core.Commands

let private commanded now by effect (state: State) : Change =
    Change.start now effect [ { By = "command"; Proposal = Change.describe effect; Seen = [ $"by {by}" ] } ] state

let private wait command by (state: State) : Change =
    Change.none { state with Pending = ValueSome(struct (command, by)) }

let private byOperator: Drain = { ByOperator = true; Breaking = { Transactions = None; PinnedSessions = None } }

let private suspend now by (state: State) : Change =
    match state.Stage with
    | Awake -> commanded now by (DoSuspend byOperator) state
    | Asleep -> Change.none state |> Change.warn "it is suspended already"
    | Broken _ -> { State.enter now Asleep state with ResumeBackoff = Backoff.none } |> Change.none |> Change.because "command" "suspend"
    | Emptying drain when drain.ByOperator -> Change.none state
    | Stopping _ -> Change.none { state with Pending = ValueNone }
    | Emptying _
    | Waking _
    | Fitting _ -> wait SuspendCommand by state

let private clamped (wanted: int64<mcu>) (given: int64<mcu>) (change: Change) =
    if wanted = given then change
    else change |> Change.warn $"a size of {Words.size wanted} was asked for; within bounds, step and memory it is {Words.size given}"

let private resume now by size (state: State) : Change =
    match state.Stage with
    | Asleep
    | Broken _ ->
        let wanted = ValueOption.defaultValue state.Size size
        let target = Sizes.settled now state wanted
        let begun = commanded now by (DoResume target) state
        if size.IsSome then begun |> clamped wanted target else begun
    | Awake -> Change.none state |> Change.warn "it runs already"
    | Emptying _ ->
        // As after a resume, idle counts anew: the rule that began the drain would begin it again at once.
        State.enter now Awake { state with Pending = ValueNone; QuietSince = max state.QuietSince now }
        |> Change.none
        |> Change.because "command" $"cancel the suspend, by {by}"
    | Stopping _ -> wait (ResumeCommand size) by state
    | Waking _
    | Fitting _ -> Change.none { state with Pending = ValueNone }

let private resize now by wanted (state: State) : Change =
    let settled = Sizes.settled now state wanted
    let target = if settled < state.Size then max settled (min state.Size (Sizes.memoryFloor state)) else settled

    match state.Stage with
    | Awake when target = state.Size -> Change.none state |> clamped wanted target |> Change.warn $"its size is {Words.size target} already"
    | Awake -> commanded now by (DoResize target) state |> clamped wanted target
    | Asleep
    | Broken _ when settled = state.Size -> Change.none state |> clamped wanted settled
    | Asleep
    | Broken _ -> Change.none { state with Size = settled } |> clamped wanted settled |> Change.because "command" $"wake at {Words.size settled}, by {by}"
    | Waking _
    | Fitting _
    | Emptying _
    | Stopping _ -> wait (ResizeCommand wanted) by state

let private pause now by (state: State) : Change =
    let paused = { state with PausedBy = ValueSome by }

    match state.Stage with
    | _ when state.PausedBy.IsSome -> Change.none state |> Change.warn "it is paused already"
    | Emptying drain when not drain.ByOperator -> State.enter now Awake paused |> Change.none |> Change.because "command" $"pause, by {by}"
    | _ -> Change.none paused |> Change.because "command" $"pause, by {by}"

let private unpause by (state: State) : Change =
    if state.PausedBy.IsSome then Change.none { state with PausedBy = ValueNone } |> Change.because "command" $"unpause, by {by}"
    else Change.none state |> Change.warn "it is not paused"

let apply now (command: Command) (by: string) (state: State) : Change =
    match command with
    | SuspendCommand -> suspend now by state
    | ResumeCommand size -> resume now by size state
    | ResizeCommand size -> resize now by size state
    | PauseCommand -> pause now by state
    | UnpauseCommand -> unpause by state

/// The command that waited, once nothing is in flight.
let due now (change: Change) : Change =
    match change.State.Pending with
    | ValueSome(struct (command, by)) when change.Effect.IsNone && not (Stage.inFlight change.State.Stage) ->
        let next = apply now command by { change.State with Pending = ValueNone }
        { next with Reasons = change.Reasons @ next.Reasons; Warnings = change.Warnings @ next.Warnings }
    | _ -> change
