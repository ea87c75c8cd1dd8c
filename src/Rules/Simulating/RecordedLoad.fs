namespace Serverless.Rules

open System
open Serverless.Core

/// Makes a load of what a gateway told its kernel. What a compute could not do cannot be seen: while it was full, the load is what it had.
///
/// A gateway tells what is so now, and what was over the second or more before: rates of statements and usage belong to that time, and are put there.
/// What was held came when it began to be held, and is not counted again when it ends. All is in whole statements.
[<Sealed>]
type RecordedLoad() =
    /// What a rate is taken to be reckoned over where it is not told, and until when it is taken to be told again.
    let aSecond, nearlyASecond = 1_000L<ms>, 950L<ms>
    /// A rate is reckoned over no longer than this; what says so has another clock.
    let longest = 600_000L<ms>
    /// A sample speaks for no longer than this before it.
    let furthest = 60_000L<ms>
    /// Instants that a load can begin with, and end.
    let latest = 7_258_118_400_000L<ms>
    let rows = RecordedRows()
    let mutable start = ValueNone
    let mutable now = 0L<ms>
    // Nothing is known of what was before.
    let mutable floor = 0L<ms>
    let mutable isGap = false
    let mutable hasMemory = false

    let mutable isUp = false
    // What is known of usage reaches to here.
    let mutable sampledAt = 0L<ms>

    let mutable held = 0
    let mutable running = 0
    let mutable rate = 0L
    let mutable reckonedSince: int64<ms> option = None
    // Statements that ended are counted up to here, and up to the one that ended then: in the first row all that came before it.
    let mutable countedTo = 0L<ms>
    let mutable countedEnd: int64<ms> voption = ValueNone
    // When the activity before was told.
    let mutable toldAt = 0L<ms>
    // Statements that were counted when they began to be held, and are not yet among those that ended.
    let mutable owed = 0
    let mutable quietSince = 0L<ms>
    // When the compute that is up last let some go who were held for it: until the first of that nobody was served.
    let mutable servedSince = 0L<ms>

    /// A time of which nothing is known lies between what was told before and what comes now: nobody is taken to have worked in it.
    let leap (to': int64<ms>) =
        rows.ChangeFrom(now, fun row -> { LoadRow.Nothing row.At with Rate = 0L; Come = row.Come; Latency = row.Latency; Resident = row.Resident })
        rows.Forget now
        now <- to'
        floor <- now
        sampledAt <- now
        toldAt <- now
        quietSince <- now
        servedSince <- now
        countedTo <- now
        countedEnd <- ValueNone
        held <- 0
        running <- 0
        rate <- 0L
        reckonedSince <- None
        owed <- 0
        isUp <- false
        isGap <- false

    /// Instants before the last one are taken at it.
    let reach (at: int64<ms>) =
        let at = max 0L<ms> (min latest at)

        match start with
        | ValueNone ->
            start <- ValueSome at
            isGap <- false
        | ValueSome first when isGap -> leap (max now (at - first))
        | ValueSome first -> now <- max now (at - first)

    /// Since the start; none: it is not known when, or was before anything is known.
    let instant (at: int64<ms> option) : int64<ms> voption =
        match at, start with
        | Some at, ValueSome first when at - first >= floor && at - first <= now -> ValueSome(at - first)
        | _ -> ValueNone

    /// For how long before this instant a rate that is told at it was reckoned, as far as anything is known of that time; none: it was told before.
    let reckoned (at: int64<ms>) (activity: Activity) : int64<ms> voption =
        match activity.QueriesSince with
        | Some _ as since when since = reckonedSince -> ValueNone
        | Some since when since < at && since >= at - longest -> ValueSome(min (at - since) (now - floor))
        | None when activity.QueriesRate = rate && now - countedTo < nearlyASecond -> ValueNone
        | _ -> ValueSome aSecond

    /// Statements that ended in so long a time before now came in it, those apart that had been held.
    let count (activity: Activity) (length: int64<ms>) (lastEnd: int64<ms> voption) =
        let count = int (max 1L ((activity.QueriesRate * int64 length + 500_000L) / 1_000_000L))
        let from = max (max floor countedTo) (now - length)
        let before = countedEnd.Value
        countedTo <- now
        countedEnd <- ValueSome(ValueOption.defaultValue before lastEnd)
        if from >= quietSince && held + running = 0 then owed <- 0
        let isBusy = activity.Running + activity.Held > 0
        // Pings of a pool and the like are counted too, and end nothing that would have woken a compute. What ended on another gateway is heard of later; and the
        // same end moves a little each time that it is heard of, which says something only while it is young.
        let isEnd = lastEnd |> ValueOption.exists (fun at -> at > from || at > before + aSecond || (at > before && at > from - 2L * aSecond))
        let isWork = isBusy || running > 0 || activity.Transactions > 0 || isEnd
        let paid = min owed count
        let until = match lastEnd with ValueSome at when at > from && not isBusy -> at | _ -> now
        let served = if servedSince < until then servedSince else floor

        if isWork && from < now then
            owed <- owed - paid

            match count - paid with
            | 0 -> ()
            | 1 -> rows.Come(max served (until - activity.QueriesLatency), 1, activity.QueriesLatency)
            | count ->
                let from = max served from
                let perSecond = (int64 count * 1_000_000_000L + int64 (until - from) - 1L) / int64 (until - from)
                rows.Change(from, until, fun row -> { row with Rate = perSecond; Latency = min activity.QueriesLatency (2L * aSecond) })

    let active (at: int64<ms>) (activity: Activity) (phase: Phase) =
        let within (count: int) = max 0 (min 1_000_000 count)

        let activity =
            { activity with
                Held = within activity.Held
                Running = within activity.Running
                QueriesRate = max 0L (min 1_000_000_000L activity.QueriesRate)
                QueriesLatency = max 0L<ms> (min 86_400_000L<ms> activity.QueriesLatency) }

        let lastEnd = instant activity.LastEnded
        if countedEnd.IsNone then countedEnd <- ValueSome(ValueOption.defaultValue floor lastEnd)

        if activity.Held > held then
            rows.Come(now, activity.Held - held, 0L<ms>)
            owed <- owed + activity.Held - held

        if activity.QueriesRate > 0L then
            reckoned at activity |> ValueOption.iter (fun length -> count activity length lastEnd)

        rate <- activity.QueriesRate
        reckonedSince <- activity.QueriesSince
        let changedAt = if activity.Running = 0 && running > 0 then ValueOption.defaultValue now lastEnd |> max toldAt else now

        if activity.Running <> running then
            rows.ChangeFrom(changedAt, fun row -> { row with Running = activity.Running })

        rows.ChangeFrom(now, fun row -> { row with Transactions = activity.Transactions; Pinned = activity.Pinned; Open = activity.Open })
        if activity.Held + activity.Running = 0 && held + running > 0 then quietSince <- now
        if activity.Held < held && not (Phases.exists phase) then
            if activity.Running > 0 || lastEnd |> ValueOption.exists (fun at -> at >= toldAt) then
                servedSince <- now
            else
                // They were refused, or left: they are not among those that end later.
                owed <- activity.Held

        held <- activity.Held
        running <- activity.Running
        toldAt <- now

    /// Usage of the time before now, back to the sample before; it goes on until there is another one.
    let used (cpu: int64<mcpu>) =
        let from = max sampledAt (now - furthest)
        rows.ChangeFrom(from, fun row -> { row with Cpu = cpu })
        sampledAt <- now

    /// An input, with the unit of the policy that was in force, and the phase and the size (thousandths of a unit) in which it was told.
    member _.Add(input: Input, unit: ComputeUnit, phase: Phase, size: int64) =
        reach input.At

        if Phases.exists phase <> isUp then
            isUp <- not isUp
            // What is told first of a compute that came up comes a while after it let those go who were held.
            sampledAt <- if isUp && servedSince > sampledAt then servedSince else now
            rows.ChangeFrom(now, fun row -> { row with Cpu = 0L<mcpu> })

        let measured (name: string) (value: int64) =
            match name with
            | "cpu" when isUp ->
                let share = max 0L (min 1_000_000L value)
                let cpu = decimal share * decimal (int64 (ComputeUnit.cpu (size * 1L<mcu>) unit)) / 10_000m
                used (int64 (min cpu (decimal (Quantity.largest Cpu))) * 1L<mcpu>)
            | "cpu"
            | "memory" -> ()
            | name -> rows.Measure(now, name, value)

        match input.Event with
        | Measured(name, value) -> measured name value
        | MeasuredTogether samples ->
            for struct (name, value) in samples do
                measured name value
        | Unreclaimable memory ->
            hasMemory <- true
            rows.ChangeFrom(now, fun row -> { row with Resident = max 0L<bytes> memory })
        | ActivityChanged activity -> active input.At activity phase
        | _ -> ()

    /// What comes next does not follow on what came before: the gateway was restarted, or something is missing.
    member _.Break() = isGap <- true

    /// From the first instant to the last one.
    member _.LengthMs: int64 = int64 now

    /// All that was added; the last instant is the end.
    member _.ToLoad(name: string) : LoadSource = rows.ToLoad(name, ValueOption.defaultValue 0L<ms> start, now, hasMemory)
