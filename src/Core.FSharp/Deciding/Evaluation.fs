namespace Serverless.Core

open System.Runtime.CompilerServices

/// A term's value at an instant; Unknown when none.
[<Struct; NoEquality; NoComparison>]
type internal Reading =
    { Value: Exact voption
      Slope: int64 }

    static member unknown: Reading = { Value = ValueNone; Slope = 0L }

module internal Ordering =
    /// `order`: below 0, 0 or above 0 as the left side is less than, equal to or greater than the right.
    let satisfies (comparison: Comparison) (order: int) : Kleene =
        Kleene.ofBool (
            match comparison with
            | Less -> order < 0
            | LessOrEqual -> order <= 0
            | Greater -> order > 0
            | GreaterOrEqual -> order >= 0
            | Equal -> order = 0
            | NotEqual -> order <> 0
        )

/// Evaluates the conditions of a plan at one instant, and gathers the first instant at which one of them could change by itself.
/// It is made for one evaluation and thrown away; the state it was given is never changed.
[<Sealed>]
type internal Evaluation(state: State, now: int64<ms>) =
    let plan = state.Plan
    let mutable next = Limits.Never
    let mutable timers = state.Timers
    // Rules ask for the same window of a metric again and again: each is summed up once.
    let mutable summaries: Summary[] = [||]

    let setTimer place (since: int64<ms>) =
        if timers[place] <> since then
            if obj.ReferenceEquals(timers, state.Timers) then timers <- Array.copy timers
            timers[place] <- since

    member _.Next = next
    member _.Timers = timers

    /// Something could change at this instant.
    member _.Wait(instant: int64<ms>) =
        if instant > now && instant < next then next <- instant

    member private _.Fact(fact: FactKind) : Reading =
        let struct (value, slope) = Facts.value fact state now
        { Value = ValueSome value; Slope = slope }

    /// A fact with nothing in its window yet is what it is now; its rate is then 0.
    member private this.Present(slot: int, kind: Aggregate) : Reading =
        match kind, plan.Slots[slot].Fact with
        | RateOf, ValueSome _
        | CountOf, ValueSome _ -> { Value = ValueSome(Exact.ofInt 0L); Slope = 0L }
        | _, ValueSome fact -> { this.Fact fact with Slope = 0L }
        | _, ValueNone -> Reading.unknown

    // Apart, and not inlined, as what follows: else each term is read over the room that a summary needs.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    member private _.SumUp(place: int, slot: int, width: int64<ms>) : unit =
        if summaries.Length = 0 then summaries <- Array.zeroCreate plan.Windows
        if summaries[place].Count = 0 then Series.sumUp width now state.Series[slot] &summaries[place]

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    member private this.OfWindow(kind: Aggregate, place: int, slot: int, width: int64<ms>) : Reading =
        if summaries.Length = 0 || summaries[place].Count = 0 then this.SumUp(place, slot, width)
        let reading = Series.readOff &summaries[place] kind width plan.Slots[slot].Metric.Stale now state.Series[slot]
        this.Wait reading.Changes
        if reading.Value.IsSome then { Value = reading.Value; Slope = 0L } else this.Present(slot, kind)

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    member private this.Newest(slot: int) : Reading =
        let reading = Series.latest plan.Slots[slot].Metric.Stale now state.Series[slot]
        this.Wait reading.Changes
        { Value = reading.Value; Slope = 0L }

    member this.Read(term: PlannedTerm) : Reading =
        match term with
        | Fixed value -> { Value = ValueSome value; Slope = 0L }
        | Now fact -> this.Fact fact
        | Newest slot -> this.Newest slot
        | Window(kind, place, slot, width) -> this.OfWindow(kind, place, slot, width)
        | Missing -> Reading.unknown

    /// What most conditions are, and neither side moves: read without the room that a reading takes.
    [<MethodImpl(MethodImplOptions.NoInlining)>]
    member private this.CompareWindow(kind: Aggregate, place: int, slot: int, width: int64<ms>, comparison: Comparison, bound: Exact) : Kleene =
        if summaries.Length = 0 || summaries[place].Count = 0 then this.SumUp(place, slot, width)
        let struct (known, changes) = Series.coverage &summaries[place] width plan.Slots[slot].Metric.Stale now state.Series[slot]
        this.Wait changes

        match (if known then Series.aggregate kind width now state.Series[slot] &summaries[place] else ValueNone) with
        | ValueSome value -> Ordering.satisfies comparison (Exact.compare value bound)
        | ValueNone ->
            match this.Present(slot, kind).Value with
            | ValueSome value -> Ordering.satisfies comparison (Exact.compare value bound)
            | ValueNone -> Kleene.Unknown

    [<MethodImpl(MethodImplOptions.NoInlining)>]
    member private this.CompareReadings(left: PlannedTerm, comparison: Comparison, right: PlannedTerm) : Kleene =
        let a, b = this.Read left, this.Read right

        match a.Value, b.Value with
        | ValueSome x, ValueSome y ->
            match Exact.meeting x a.Slope y b.Slope with
            | ValueSome wait -> this.Wait(now + wait)
            | ValueNone -> ()

            Ordering.satisfies comparison (Exact.compare x y)
        | _ -> Kleene.Unknown

    member private this.Compare(left: PlannedTerm, comparison: Comparison, right: PlannedTerm) : Kleene =
        match left, right with
        | Window(kind, place, slot, width), Fixed bound -> this.CompareWindow(kind, place, slot, width, comparison, bound)
        | _ -> this.CompareReadings(left, comparison, right)

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
