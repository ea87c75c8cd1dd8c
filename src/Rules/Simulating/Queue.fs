namespace Serverless.Rules

open Serverless.Core

/// Brings work and statements of a load together with what a compute can do, as time goes by. Within a step rates do not change, so it goes by in
/// steps of any length and to the millisecond. Statements and their work are served in the order in which they came; what the engine has to do of its
/// own takes what they leave over, and ends with it.
[<Sealed>]
type internal Queue(cursor: LoadCursor, tally: Tally) =
    /// So long that no count of statements and no amount of work of a step is beyond 64 bits.
    let longest = 3_600_000L<ms>
    let backlog = Backlog tally.Waits
    let mutable now = 0L<ms>
    let mutable arrivals = Arrivals.Quiet
    let mutable together = 0
    // Millionths of a statement a second times milliseconds, that do not make up a thousandth of a statement, or a whole one, yet.
    let mutable rest = 0L
    let mutable phase = 0L
    let mutable singleAt = Controller.Never
    let mutable singleEnds = -1L<ms>
    let mutable latency = 0L<ms>
    let mutable hasNewEnd = false
    // Work of a statement that is still to come by itself, while nothing runs: it is its own, and comes behind it.
    let mutable owed = 0L
    // What the engine has to do of its own and did not get to.
    let mutable own = 0L

    /// Statements one by one come when so much of the rate has added up to a whole one.
    let arrange () =
        singleAt <-
            if arrivals = Arrivals.Single then
                now + (LoadCursor.Statement - phase + cursor.Row.Rate - 1L) / cursor.Row.Rate * 1L<ms>
            else
                Controller.Never

    let counted (length: int64<ms>) =
        let whole = rest + cursor.Rate * int64 length
        rest <- whole % 1_000_000L
        whole / 1_000_000L

    let settleOwed () =
        backlog.Add(now, now, owed, 0L, -1L<mcpu>, -1L)
        owed <- 0L

    let divideUp (amount: int64) (by: int64<mcpu>) = (amount + int64 by - 1L) / int64 by * 1L<ms>

    /// How long clients' work waits its turn within a step.
    let queued (length: int64<ms>) (capacity: int64<mcpu>) (cpu: int64<mcpu>) isUp : int64<ms> =
        if not isUp then length
        elif backlog.IsEmpty && cpu <= capacity then 0L<ms>
        elif capacity > cpu then min length (divideUp backlog.Work (capacity - cpu))
        else length

    /// How long the engine's own waits, of a time in which it has so much of the capacity.
    let lags (length: int64<ms>) (spare: int64<mcpu>) (comes: int64<mcpu>) : int64<ms> =
        if own = 0L && comes <= spare then 0L<ms>
        elif comes < spare then min length (divideUp own (spare - comes))
        else length

    let serveOwn (comes: int64) (could: int64) =
        let finished = min (own + comes) could
        own <- own + comes - finished
        tally.WorkDone <- tally.WorkDone + finished

    let serve (length: int64<ms>) (capacity: int64<mcpu>) isUp =
        let statements = if arrivals = Arrivals.Steady then counted length else 0L
        let isQuiet = arrivals = Arrivals.Quiet
        let cpu = if isQuiet then 0L<mcpu> else cursor.Row.Cpu
        let ofItsOwn = if isQuiet && isUp then cursor.Row.Cpu else 0L<mcpu>
        tally.Arrived <- tally.Arrived + statements

        if not isUp && (statements > 0L || not backlog.IsEmpty) then
            tally.Held <- tally.Held + (decimal backlog.Count + decimal statements / 2m) * decimal length

        tally.WorkArrived <- tally.WorkArrived + int64 (cpu + ofItsOwn) * int64 length

        if not isUp && arrivals = Arrivals.Single then
            owed <- owed + int64 cpu * int64 length
        else
            // Until nothing is left, work goes in at one end and out at the other.
            let queued = queued length capacity cpu isUp
            let part = Waits.Part(statements, int64 queued, int64 length)

            if queued > 0L<ms> then
                backlog.Add(now, now + queued, int64 cpu * int64 queued, part, cpu, cursor.Row.Rate)

            if isUp then
                let could = int64 capacity * int64 queued
                let finished = if queued > 0L<ms> then backlog.Serve(now, capacity, could) else 0L
                let flowing = length - queued
                tally.WorkDone <- tally.WorkDone + finished + int64 cpu * int64 flowing
                tally.Waits.Add(0L, 0L, statements - part)
                serveOwn (int64 ofItsOwn * int64 queued) (could - finished)
                tally.Short <- tally.Short + queued + lags flowing (capacity - cpu) ofItsOwn
                serveOwn (int64 ofItsOwn * int64 flowing) (int64 (capacity - cpu) * int64 flowing)

    let answer () =
        singleEnds <- now + latency
        hasNewEnd <- true

    /// So many statements at once, and the work that was kept for them.
    let come isUp (count: int) =
        let statements = 1_000L * int64 count
        latency <- cursor.Row.Latency
        tally.Arrived <- tally.Arrived + statements

        if isUp && backlog.IsEmpty then
            tally.Waits.Add(0L, 0L, statements)
            answer ()
        else
            backlog.Add(now, now, 0L, statements, -1L<mcpu>, -1L)

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

    /// Statements under way at a time, of those that come all the time.
    member _.Together = together

    /// Work of clients is left: somebody waits, or is served.
    member _.HasWork = backlog.Work > 0L

    /// Clients ask for more than is done at once, or have been doing so.
    member _.IsBehind(capacity: int64<mcpu>) = backlog.Work > 0L || (arrivals = Arrivals.Steady && cursor.Row.Cpu > capacity)

    /// There is more to do than is done at once.
    member _.IsFull = backlog.Work > 0L || own > 0L

    /// Whole statements that wait their turn.
    member _.Waiting: int = int (min 1_000_000L ((backlog.Count + 999L) / 1_000L))

    /// When all that waits has been served, if nothing changes.
    member _.EmptyAt(capacity: int64<mcpu>) : int64<ms> =
        let spare = if arrivals = Arrivals.Quiet then capacity else capacity - cursor.Row.Cpu
        if backlog.IsEmpty || spare <= 0L<mcpu> then Controller.Never else now + divideUp backlog.Work spare

    /// What needs no work, and is next, is done as soon as there is a compute.
    member _.Settle(capacity: int64<mcpu>) =
        let before = backlog.Count
        backlog.Serve(now, capacity, 0L) |> ignore

        if backlog.Count < before && arrivals <> Arrivals.Steady then
            answer ()

    /// How long who comes now waits for those before.
    member _.Ahead(capacity: int64<mcpu>) : int64<ms> = if capacity > 0L<mcpu> then backlog.Work / int64 capacity * 1L<ms> else 0L<ms>

    /// Another row holds from now on.
    member _.Turn(isUp: bool) =
        arrivals <- cursor.Arrivals
        together <- cursor.Together

        if arrivals <> Arrivals.Quiet then
            latency <- cursor.Row.Latency

        if arrivals = Arrivals.Steady then
            settleOwed ()

        if cursor.Row.Come > 0 then
            come isUp cursor.Row.Come

        arrange ()

    /// Time goes by until an instant. `capacity`: what the compute can do while it is up.
    member _.Pass(until: int64<ms>, isUp: bool, capacity: int64<mcpu>) =
        while now < until do
            let stop = min (min until (now + longest)) (max (now + 1L<ms>) singleAt)
            let waited = backlog.Count > 0L
            serve (stop - now) (if isUp then capacity else 0L<mcpu>) isUp

            if arrivals = Arrivals.Single then
                phase <- phase + cursor.Row.Rate * int64 (stop - now)

            now <- stop

            // The last of those that waited has its own time before it yet.
            if waited && isUp && backlog.Count = 0L && arrivals <> Arrivals.Steady then
                answer ()

            if now >= singleAt then
                phase <- phase - LoadCursor.Statement
                come isUp 1
                arrange ()

    /// Whoever waits gets an error.
    member _.Refuse() =
        tally.WorkRefused <- tally.WorkRefused + backlog.Work
        tally.Refused <- tally.Refused + backlog.Refuse()

    /// The engine ends, and with it what it had to do of its own: nobody asked for that.
    member _.Stop() =
        tally.WorkArrived <- tally.WorkArrived - own
        own <- 0L

    /// The work of a statement that did not come any more did not come either.
    member _.Close() =
        tally.WorkArrived <- tally.WorkArrived - owed
        tally.Waiting <- backlog.Count
        tally.WorkWaiting <- backlog.Work + own
