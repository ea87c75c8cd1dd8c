/// The step: one input, one decision. Time enters with the input and never runs backwards.
module internal Serverless.Core.Stepping

/// A drain that a rule of the old policy began is taken back before its point of no return: the new policy says anew what is to be done, and
/// on what it may give up.
let private under (policy: Policy) now (state: State) : Change =
    let known = State.replan now (Planning.make policy) (State.bill now state)

    match known.Stage with
    | Emptying drain when not drain.ByOperator -> State.enter now Awake known |> Change.none |> Change.because "policy" "cancel the suspend"
    | _ -> Change.none known

let private inForce (policy: Policy) (state: State) =
    let known = state.Plan.Policy
    obj.ReferenceEquals(known, policy) || known.Revision = policy.Revision

/// What is told of an input that leaves the state as it is.
let private quietly now (state: State) (change: Change) : Decision =
    if change.Reasons.IsEmpty && change.Warnings.IsEmpty then state.Standing
    else
        { state.Standing with
            At = now
            Because = change.Reasons |> List.map _.By
            Reasons = change.Reasons
            Warnings = change.Warnings
            NextCheck = state.Next }

/// Looks at everything, begins what is called for, and says when to look again.
let private settle now (change: Change) : struct (State * Decision) =
    let struct (state, reckoning) = Reckoning.at now change.State
    let verdict = if change.Effect.IsSome then Verdict.nothing else Verdict.reach now state reckoning

    let change =
        match verdict.Effect with
        | ValueSome effect ->
            let started = Change.start now effect verdict.Reasons state
            { started with Reasons = change.Reasons @ started.Reasons; Warnings = change.Warnings }
        | ValueNone -> { change with State = state }

    let until =
        verdict.Blocked
        |> List.fold (fun next blocked -> match blocked.Until with ValueSome ends when ends > now -> min next ends | _ -> next) Limits.Never

    let next = min (min reckoning.Next until) (min (Sizes.nextChange now state.Plan) (now + Limits.Horizon))
    // Once an effect has begun, what was held back beside it is history.
    let blocked = if verdict.Effect.IsSome then [] else verdict.Blocked
    let standing = State.standing now next change.State.Revision (State.phase change.State) blocked verdict.RefuseHeld

    let decision =
        if change.Effect.IsNone && change.Reasons.IsEmpty && change.Warnings.IsEmpty then standing
        else
            { standing with
                Effect = change.Effect
                Because = change.Reasons |> List.map _.By
                Reasons = change.Reasons
                Blocked = verdict.Blocked
                Warnings = change.Warnings }

    struct ({ change.State with At = now; Next = next; Standing = standing }, decision)

let private withinSpan (at: int64<ms>) = max Limits.Earliest (min Limits.Latest at)

let private look (policy: Policy) (state: State) (input: Input) : struct (State * Decision) =
    let at = withinSpan input.At
    let now = max at state.At
    let present = if state.Next < now then Reckoning.catchUp now state else state
    let known = if inForce policy present then Change.none present else under policy now present
    let applied = Events.apply now input.Event known.State |> Commands.due now
    let change = if known.Reasons.IsEmpty then applied else { applied with Reasons = known.Reasons @ applied.Reasons }

    let change =
        if at >= state.At then change
        else change |> Change.warn $"an input is {Words.duration (state.At - at)} older than the state, and is taken at the state's time"

    if obj.ReferenceEquals(change.State, state) && now < state.Next then struct (state, quietly now state change)
    else settle now change

/// An input that is older than the state is taken at the state's time; its content counts. A quiet tick allocates nothing.
let step (policy: Policy) (state: State) (input: Input) : struct (State * Decision) =
    match input.Event with
    | Tick
    | PolicyChanged when input.At >= state.At && input.At < state.Next && inForce policy state -> struct (state, state.Standing)
    | _ -> look policy state input
