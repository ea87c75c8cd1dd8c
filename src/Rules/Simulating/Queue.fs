namespace Serverless.Rules

open Serverless.Core

/// Brings work and statements of a load together with what a compute can do, as time goes by. Within a step rates do not change, so it goes by in
/// steps of any length and to the millisecond.
[<Sealed>]
type internal Queue(cursor: LoadCursor, tally: Tally) =
    let backlog = Backlog tally.Waits
    let mutable now = 0L<ms>
    let mutable arrivals = Arrivals.Quiet
    // Thousandths of a statement a second times milliseconds, that do not make up a thousandth of a statement, or a whole one, yet.
    let mutable rest = 0L
    let mutable phase = 0L
    let mutable singleAt = Controller.Never
    let mutable singleEnds = -1L<ms>
    let mutable hasNewEnd = false
    // Work of a statement that is still to come by itself, while nothing runs: it is its own, and comes behind it.
    let mutable owed = 0L

    /// Statements one by one come when so much of the rate has added up to a whole one.
    let arrange () =
        singleAt <-
            if arrivals = Arrivals.Single then
                now + (LoadCursor.Statement - phase + cursor.Row.Rate - 1L) / cursor.Row.Rate * 1L<ms>
            else
                Controller.Never

    let counted (length: int64<ms>) =
        let whole = rest + cursor.Rate * int64 length
        rest <- whole % 1_000L
        whole / 1_000L

    let settleOwed () =
        backlog.Add(now, now, owed, 0L, -1L<mcpu>, -1L)
        owed <- 0L

    let serve (length: int64<ms>) (capacity: int64<mcpu>) (cpu: int64<mcpu>) (isUp: bool) =
        let statements = if arrivals = Arrivals.Steady then counted length else 0L
        let comes = int64 cpu * int64 length
        tally.Arrived <- tally.Arrived + statements
        tally.WorkArrived <- tally.WorkArrived + comes

        if isUp && owed > 0L then
            settleOwed ()

        if isUp && backlog.IsEmpty && cpu <= capacity then
            tally.WorkDone <- tally.WorkDone + comes
            tally.Waits.Add(0L, 0L, statements)
        elif not isUp && arrivals = Arrivals.Single then
            owed <- owed + comes
        else
            // Until nothing is left, work goes in at one end and out at the other.
            let queued =
                if capacity > cpu && isUp then
                    min length ((backlog.Work + int64 (capacity - cpu) - 1L) / int64 (capacity - cpu) * 1L<ms>)
                else
                    length

            let part = Waits.Part(statements, int64 queued, int64 length)
            backlog.Add(now, now + queued, int64 cpu * int64 queued, part, cpu, cursor.Row.Rate)

            if isUp then
                tally.Short <- tally.Short + queued
                let finished = backlog.Serve(now, capacity, int64 capacity * int64 queued)
                let later = int64 cpu * int64 (length - queued)
                tally.WorkDone <- tally.WorkDone + finished + later
                tally.Waits.Add(0L, 0L, statements - part)

    let answer () =
        singleEnds <- now + cursor.Row.Latency
        hasNewEnd <- true

    let comeSingle isUp =
        phase <- phase - LoadCursor.Statement
        tally.Arrived <- tally.Arrived + 1_000L

        if isUp && backlog.IsEmpty then
            tally.Waits.Add(0L, 0L, 1_000L)
            answer ()
        else
            backlog.Add(now, now, 0L, 1_000L, -1L<mcpu>, -1L)
            settleOwed ()

    /// When the next statement comes that comes by itself.
    member _.SingleAt = singleAt

    /// When the last one that came by itself and waited for nothing has its answer.
    member _.SingleEnds = singleEnds

    /// It was not asked for before.
    member _.TakeNewEnd() : bool =
        let is = hasNewEnd
        hasNewEnd <- false
        is

    member _.Arrivals = arrivals
    member _.HasWork = backlog.Work > 0L

    /// Whole statements that wait their turn.
    member _.Waiting: int = int (min 1_000_000L ((backlog.Count + 999L) / 1_000L))

    /// Work that comes now: what is the engine's own comes only while it runs.
    member _.Cpu(isUp: bool) : int64<mcpu> = if arrivals = Arrivals.Quiet && not isUp then 0L<mcpu> else cursor.Row.Cpu

    /// When all that waits has been served, if nothing changes.
    member queue.EmptyAt(capacity: int64<mcpu>) : int64<ms> =
        let spare = int64 (capacity - queue.Cpu true)

        if backlog.IsEmpty || spare <= 0L then Controller.Never
        else now + (backlog.Work + spare - 1L) / spare * 1L<ms>

    /// What needs no work, and is next, is done as soon as there is a compute.
    member _.Settle(capacity: int64<mcpu>) =
        let before = backlog.Count
        backlog.Serve(now, capacity, 0L) |> ignore

        if backlog.Count < before && arrivals = Arrivals.Single then
            answer ()

    /// How long who comes now waits for those before.
    member _.Ahead(capacity: int64<mcpu>) : int64<ms> = if capacity > 0L<mcpu> then backlog.Work / int64 capacity * 1L<ms> else 0L<ms>

    /// Another row holds from now on.
    member _.Turn() =
        arrivals <- cursor.Arrivals
        arrange ()

    /// Time goes by until an instant. `capacity`: what the compute can do while it is up.
    member queue.Pass(until: int64<ms>, isUp: bool, capacity: int64<mcpu>) =
        while now < until do
            let stop = min until (max (now + 1L<ms>) singleAt)
            let waited = not backlog.IsEmpty
            serve (stop - now) (if isUp then capacity else 0L<mcpu>) (queue.Cpu isUp) isUp

            if arrivals = Arrivals.Single then
                phase <- phase + cursor.Row.Rate * int64 (stop - now)

            now <- stop

            // The last of those that waited has its own time before it yet.
            if waited && isUp && backlog.IsEmpty && arrivals = Arrivals.Single then
                answer ()

            if now >= singleAt then
                comeSingle isUp
                arrange ()

    /// Whoever waits gets an error.
    member _.Refuse() =
        tally.WorkRefused <- tally.WorkRefused + backlog.Work
        tally.Refused <- tally.Refused + backlog.Refuse()

    member _.Close() =
        tally.Waiting <- backlog.Count
        tally.WorkWaiting <- backlog.Work + owed
