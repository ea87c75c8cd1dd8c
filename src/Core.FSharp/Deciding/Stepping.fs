/// The step: one input, one decision. Time enters with the input and never runs backwards.
module internal Serverless.Core.Stepping

let private planned (policy: Policy) (state: State) : State =
    let old = state.Plan.Policy
    if obj.ReferenceEquals(old, policy) || old.Revision = policy.Revision then state
    else State.replan (Planning.make policy) (State.bill state.At state)

let private decision now (state: State) (change: Change) (blocked: Blocked list) : Decision =
    { At = now
      Revision = state.Revision
      Phase = State.phase state
      Effect = change.Effect
      Because = change.Reasons |> List.map _.By
      Reasons = change.Reasons
      Blocked = blocked
      Warnings = change.Warnings
      RefuseHeld = state.RefuseHeld
      NextCheck = max (now + 1L<ms>) (min state.Next (now + Limits.Horizon)) }

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

    let settled =
        { change.State with
            At = now
            Next = min (min reckoning.Next until) (Sizes.nextChange now state.Plan)
            // Once an effect has begun, what was held back beside it is history.
            Blocked = (if verdict.Effect.IsSome then [] else verdict.Blocked)
            RefuseHeld = verdict.RefuseHeld }

    struct (settled, decision now settled change verdict.Blocked)

/// An input that is older than the state is taken at the state's time; its content counts.
let step (policy: Policy) (state: State) (input: Input) : struct (State * Decision) =
    let now = max input.At state.At
    let known = planned policy state
    let present = if known.Next < now then Reckoning.catchUp now known else known
    let change = Events.apply now input.Event present |> Commands.due now

    let change =
        if input.At >= state.At then change
        else change |> Change.warn $"an input is {Words.duration (state.At - input.At)} older than the state, and is taken at the state's time"

    if obj.ReferenceEquals(change.State, state) && now < state.Next then struct (state, decision now state change state.Blocked)
    else settle now change
