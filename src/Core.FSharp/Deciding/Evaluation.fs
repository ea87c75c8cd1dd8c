namespace Serverless.Core

/// A term's value at an instant; Unknown when none.
[<Struct; NoEquality; NoComparison>]
type internal Reading = { Value: Exact voption; Slope: int64 }

/// Evaluates the conditions of a plan at one instant, and gathers the first instant at which one of them could change by itself.
/// It is made for one evaluation and thrown away; the state it was given is never changed.
[<Sealed>]
type internal Evaluation(state: State, now: int64<ms>) =
    let plan = state.Plan
    let mutable next = Limits.Never
    let mutable timers = state.Timers
    // Rules ask for the same window of a metric again and again: the last one summed up, by slot.
    let widths: int64<ms>[] = Array.zeroCreate plan.Slots.Length
    let summaries: Summary[] = Array.zeroCreate plan.Slots.Length

    let setTimer place (since: int64<ms>) =
        if timers[place] <> since then
            if obj.ReferenceEquals(timers, state.Timers) then timers <- Array.copy timers
            timers[place] <- since

    member _.Next = next
    member _.Timers = timers

    /// Something could change at this instant.
    member _.Wait(instant: int64<ms>) =
        if instant > now && instant < next then next <- instant

    member private this.OfWindow(slot: int, reading: WindowReading, present: unit -> Reading) : Reading =
        this.Wait reading.Changes

        match plan.Slots[slot].Fact, reading.Value with
        | ValueSome _, ValueNone -> present ()
        | _, value -> { Value = value; Slope = 0L }

    member private _.Fact(fact: FactKind) : Reading =
        let struct (value, slope) = Facts.value fact state now
        { Value = ValueSome value; Slope = slope }

    /// A fact with nothing in its window yet is what it is now; its rate is then 0.
    member private this.Present(slot: int, kind: Aggregate) : Reading =
        match kind, plan.Slots[slot].Fact with
        | RateOf, _ -> { Value = ValueSome(Exact.ofInt 0L); Slope = 0L }
        | CountOf, _ -> { Value = ValueSome(Exact.ofInt 0L); Slope = 0L }
        | _, ValueSome fact -> { this.Fact fact with Slope = 0L }
        | _, ValueNone -> { Value = ValueNone; Slope = 0L }

    member this.Read(term: PlannedTerm) : Reading =
        match term with
        | Fixed value -> { Value = ValueSome value; Slope = 0L }
        | Now fact -> this.Fact fact
        | Newest slot ->
            let reading = Series.latest plan.Slots[slot].Metric.Stale now state.Series[slot]
            this.OfWindow(slot, reading, fun () -> { Value = ValueNone; Slope = 0L })
        | Window(kind, slot, width) ->
            if widths[slot] <> width then
                summaries[slot] <- Series.summary width now state.Series[slot]
                widths[slot] <- width

            let reading = Series.readOff &summaries[slot] kind width plan.Slots[slot].Metric.Stale now state.Series[slot]
            this.OfWindow(slot, reading, fun () -> this.Present(slot, kind))
        | Missing -> { Value = ValueNone; Slope = 0L }

    member private this.Compare(left: PlannedTerm, comparison: Comparison, right: PlannedTerm) : Kleene =
        let a, b = this.Read left, this.Read right

        match a.Value, b.Value with
        | ValueSome x, ValueSome y ->
            match Exact.meeting x a.Slope y b.Slope with
            | ValueSome wait -> this.Wait(now + wait)
            | ValueNone -> ()

            let order = Exact.compare x y

            Kleene.ofBool (
                match comparison with
                | Less -> order < 0
                | LessOrEqual -> order <= 0
                | Greater -> order > 0
                | GreaterOrEqual -> order >= 0
                | Equal -> order = 0
                | NotEqual -> order <> 0
            )
        | _ -> Kleene.Unknown

    member private this.Sustain(place: int, truth: Kleene, duration: int64<ms>) : Kleene =
        match truth with
        | Kleene.True ->
            let since = min timers[place] now
            setTimer place since
            this.Wait(since + duration)
            Kleene.ofBool (now - since >= duration)
        | other ->
            setTimer place Limits.Never
            other

    /// All parts are always evaluated: a timer inside must see every change.
    member this.Truth(condition: PlannedCondition) : Kleene =
        match condition with
        | Always truth -> truth
        | Comparing(left, comparison, right) -> this.Compare(left, comparison, right)
        | Set term ->
            match this.Read(term).Value with
            | ValueSome value -> Kleene.ofBool (Exact.compare value (Exact.ofInt 0L) <> 0)
            | ValueNone -> Kleene.Unknown
        | Inside schedule ->
            this.Wait(ScheduleTime.nextEdge plan.Zone schedule now)
            Kleene.ofBool (ScheduleTime.contains plan.Zone schedule now)
        | All parts -> this.Fold(parts, Kleene.both, Kleene.True)
        | Any parts -> this.Fold(parts, Kleene.either, Kleene.False)
        | Negation part -> Kleene.negate (this.Truth part)
        | Sustained(place, part, duration) -> this.Sustain(place, this.Truth part, duration)

    member private this.Fold(parts, combine, start) =
        let mutable result = start
        for part in parts do
            result <- combine result (this.Truth part)
        result

    /// The timers of a condition that is not looked at now.
    member this.Forget(condition: PlannedCondition) : unit =
        match condition with
        | All parts
        | Any parts -> List.iter this.Forget parts
        | Negation part -> this.Forget part
        | Sustained(place, part, _) ->
            setTimer place Limits.Never
            this.Forget part
        | Always _
        | Comparing _
        | Set _
        | Inside _ -> ()
