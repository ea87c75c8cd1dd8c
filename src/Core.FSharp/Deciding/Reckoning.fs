namespace Serverless.Core

/// What held at one instant.
[<NoEquality; NoComparison>]
type internal Reckoning =
    { /// By rule of the plan: it proposes its action.
      Proposing: bool[]
      /// By forbid of the plan.
      Forbidding: Kleene[]
      Next: int64<ms> }

/// Brings timers, armed rules and sampled facts up to an instant. Pure passing of time: no effect comes of it.
module internal Reckoning =
    /// Whether rules for this state of the compute are looked at.
    let lookedAt (stage: Stage) (compute: Compute) =
        match stage, compute with
        | (Awake | Fitting _ | Emptying _), OnRunning -> true
        | (Asleep | Broken _), OnSuspended -> true
        | _ -> false

    let private sampleFacts (now: int64<ms>) (state: State) : State =
        let period = state.Plan.FactPeriod

        if period <= 0L<ms> || now < (state.FactsAt / period + 1L) * period then state
        else
            let sampled index (series: Series) =
                match state.Plan.Slots[index].Fact with
                | ValueNone -> series
                | ValueSome fact ->
                    let struct (value, _) = Facts.value fact state now
                    Series.append state.Plan.Slots[index].Widest now (Exact.round value) series

            { state with Series = Array.mapi sampled state.Series; FactsAt = now }

    /// Once true a rule with a release stays armed until the release is True; while that is Unknown it proposes nothing.
    let private rule (evaluation: Evaluation) (armed: bool) (planned: PlannedRule) : struct (bool * bool) =
        let condition = evaluation.Truth planned.When
        // What a Track rule follows moves its proposal without moving its condition.
        match planned.Tracked with
        | Missing -> ()
        | tracked -> evaluation.Read tracked |> ignore

        match planned.Until with
        | ValueNone -> struct (false, (condition = Kleene.True))
        | ValueSome until ->
            let release = evaluation.Truth until
            let armed = (armed || condition = Kleene.True) && release <> Kleene.True
            struct (armed, (armed && release = Kleene.False))

    let private forget (evaluation: Evaluation) (planned: PlannedRule) =
        evaluation.Forget planned.When
        planned.Until |> ValueOption.iter evaluation.Forget

    /// The state at `now`, which must not be before its own time, and what holds then.
    let at (now: int64<ms>) (state: State) : struct (State * Reckoning) =
        let state = sampleFacts now state
        let plan = state.Plan
        let evaluation = Evaluation(state, now)
        let proposing = Array.zeroCreate plan.Rules.Length
        let mutable armed = state.Armed

        for index in 0 .. plan.Rules.Length - 1 do
            let planned = plan.Rules[index]

            let struct (isArmed, proposes) =
                if lookedAt state.Stage planned.Rule.On then rule evaluation state.Armed[index] planned
                else
                    forget evaluation planned
                    struct (false, false)

            proposing[index] <- proposes

            if isArmed <> state.Armed[index] then
                if obj.ReferenceEquals(armed, state.Armed) then armed <- Array.copy armed
                armed[index] <- isArmed

        let forbidding = plan.Forbids |> Array.map (fun forbid -> evaluation.Truth forbid.When)

        if plan.FactPeriod > 0L<ms> then evaluation.Wait((now / plan.FactPeriod + 1L) * plan.FactPeriod)
        if plan.UsesSpending then evaluation.Wait(LocalTime.nextMidnight plan.Zone now)

        let same = obj.ReferenceEquals(armed, state.Armed) && obj.ReferenceEquals(evaluation.Timers, state.Timers)

        struct ((if same then state else { state with Armed = armed; Timers = evaluation.Timers }),
                { Proposing = proposing; Forbidding = forbidding; Next = evaluation.Next })

    /// Visits the instants before `now` at which something could have changed since the state was last looked at, so that timers
    /// do not depend on how punctually the host calls. After too many of them everything that needs continuity starts anew.
    let catchUp (now: int64<ms>) (state: State) : State =
        let rec go left (state: State) =
            if state.Next >= now then state
            elif left = 0 then State.restart { state with At = now; Next = now }
            else
                let struct (later, reckoning) = at state.Next state
                go (left - 1) { later with Next = reckoning.Next }

        if state.Plan.Remembers then go Limits.CatchUp state else state
