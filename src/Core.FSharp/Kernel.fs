namespace Serverless.Core

open System
open System.Collections.Generic

/// What a status shows of a state. Instants are Unix milliseconds in UTC; null where there is none.
[<Sealed>]
type StateView internal (state: State, now: int64<ms>) =
    let text =
        function
        | ValueSome(value: string) -> (value: string | null)
        | ValueNone -> null

    let failing backoff = not (Backoff.over now backoff || Backoff.isWithheld backoff)

    let backoff =
        match state.Stage with
        | Broken _ -> ValueSome state.ResumeBackoff
        | Awake when failing state.SuspendBackoff -> ValueSome state.SuspendBackoff
        | Awake when failing state.ResizeBackoff -> ValueSome state.ResizeBackoff
        | _ -> ValueNone

    let spent = Spending.upTo state.Plan.Zone now (if Stage.up state.Stage then state.Size else 0L<mcu>) state.Spending

    member _.Phase: Phase = State.phase state
    /// In lower case, as the status API gives it.
    member _.PhaseName: string = DecisionJson.phase (State.phase state)
    /// Since when it is in this phase.
    member _.Since: int64 = int64 state.Since
    /// Thousandths of a compute unit: the present size, or the one it will wake at.
    member _.SizeMcu: int64 = int64 state.Size
    member _.Revision: int64 = state.Revision
    member _.Paused: bool = state.PausedBy.IsSome
    member _.PausedBy: string | null = text state.PausedBy
    /// Idle time in milliseconds; 0 while busy.
    member _.IdleMs: int64 =
        if Facts.busy state.Activity then 0L else max 0L (int64 (now - state.QuietSince))
    /// The last word on the effect in flight.
    member _.Note: string | null = text state.Note
    /// Failures in a row of what is backing off now; 0 when nothing is.
    member _.Failures: int =
        match backoff with
        | ValueSome found -> found.Failures
        | ValueNone -> 0
    /// Why the last attempt of what is backing off failed.
    member _.LastError: string | null =
        match state.Stage, backoff with
        | Broken(reason, _), _ -> reason
        | _, ValueSome found -> found.Reason
        | _ -> null
    /// When it may be tried again.
    member _.RetryAt: Nullable<int64> =
        match backoff with
        | ValueSome found -> Nullable(int64 found.NotBefore)
        | ValueNone -> Nullable()
    /// The last resume, by our hand or as found.
    member _.ResumedAt: Nullable<int64> = if state.ResumedAt = Limits.Long then Nullable() else Nullable(int64 state.ResumedAt)
    /// Thousandths of a compute-unit hour since local midnight.
    member _.SpentDay: int64 = spent.DayUsed / Facts.UnitHour
    /// Thousandths of a compute-unit hour since the first of the local month.
    member _.SpentMonth: int64 = spent.MonthUsed / Facts.UnitHour
    /// Bounds in force, in thousandths of a compute unit.
    member _.MinMcu: int64 = int64 (Sizes.range now state).Min
    member _.MaxMcu: int64 = int64 (Sizes.range now state).Max

/// The kernel's front. Pure: no clock, no randomness, no input or output.
[<RequireQualifiedAccess>]
module Kernel =
    /// The state of a database of which nothing is known yet: suspended, at the lowest size of its bounds. Observe the compute first.
    [<CompiledName("Initial")>]
    let initial (policy: Policy) (at: int64<ms>) : State =
        let plan = Planning.make policy
        let at = max Limits.Earliest (min Limits.Latest at)
        let state = State.initial plan policy.Step at
        { state with Size = (Sizes.range at state).Min }

    /// One input, one decision. The policy may be another one than before; `PolicyChanged` is the input that tells so at once.
    /// A quiet tick returns the same state and the decision that stands, made at its own `At`.
    [<CompiledName("Step")>]
    let step (policy: Policy) (state: State) (input: Input) : struct (State * Decision) = Stepping.step policy state input

    /// What a status shows, at this instant.
    [<CompiledName("View")>]
    let view (state: State) (at: int64<ms>) : StateView = StateView(state, max at state.At)

    /// A decision in plain words, a line for each thing to say.
    [<CompiledName("Explain")>]
    let explain (policy: Policy) (decision: Decision) : IReadOnlyList<string> = Explain.decision policy decision

    /// The conditions of the forbids as they are at this instant, by the names of the forbids; none: Unknown. A forbid that blocks nothing
    /// changes nothing, so that whoever plays a policy can watch any condition as the kernel itself sees it.
    [<CompiledName("Forbidding")>]
    let forbidding (state: State) (at: int64<ms>) : struct (string * bool voption)[] =
        let struct (state, reckoning) = Reckoning.at (max at state.At) state

        let known =
            function
            | Kleene.True -> ValueSome true
            | Kleene.False -> ValueSome false
            | Kleene.Unknown -> ValueNone

        Array.map2 (fun (planned: PlannedForbid) truth -> struct (planned.Forbid.Name, known truth)) state.Plan.Forbids reckoning.Forbidding

    /// The state as if so much had been spent until this instant in its local day and month, in thousandths of a compute-unit hour.
    [<CompiledName("Spent")>]
    let spent (day: int64) (month: int64) (at: int64<ms>) (state: State) : State =
        let now = max at state.At
        let bill = Spending.upTo state.Plan.Zone now 0L<mcu> { Spending.none with At = now }

        { state with
            At = now
            Spending = { bill with DayUsed = day * Facts.UnitHour; MonthUsed = month * Facts.UnitHour }
            Next = now }

    /// Everything there is to say of the decision that led to this state, at an instant since: also how each rule stands, and when the
    /// next change can come at the earliest. It plays the kernel an hour ahead, which takes milliseconds.
    [<CompiledName("ExplainAt")>]
    let explainAt (state: State) (decision: Decision) (at: int64<ms>) : Explanation =
        Explain.at (max state.At (min Limits.Latest at)) state decision
