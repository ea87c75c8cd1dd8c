namespace Serverless.Rules

open Serverless.Core

/// Counts what comes of a policy while it is simulated. Times are milliseconds since the start.
[<Sealed>]
type internal Tally() =
    let flapWithin = 600_000L<ms>
    let mostStandings = 100_000
    let standings = ResizeArray<Standing>()
    let mutable since = 0L<ms>
    let mutable phase = Phase.Suspended
    let mutable size = 0L<mcu>
    let mutable wasUp = false
    let mutable resizedAt = -1L<ms>

    member val Waits = Waits()
    member val UnitMs = 0m with get, set
    member val Suspended = 0L<ms> with get, set
    /// Statements ran.
    member val Up = 0L<ms> with get, set
    member val Short = 0L<ms> with get, set
    member val Wakes = 0 with get, set
    member val Suspends = 0 with get, set
    member val Resizes = 0 with get, set
    member val Flaps = 0 with get, set
    member val Arrived = 0L with get, set
    member val Refused = 0L with get, set
    member val Waiting = 0L with get, set
    /// What statements waited while nothing ran: thousandths of a statement times milliseconds.
    member val Held = 0m with get, set
    member val WorkArrived = 0L with get, set
    member val WorkDone = 0L with get, set
    member val WorkRefused = 0L with get, set
    member val WorkWaiting = 0L with get, set
    member val Steps = 0L with get, set
    member _.Standings = standings

    /// Brings the bill up to an instant, before the phase or the size changes.
    member this.Bill(now: int64<ms>) =
        if Phases.exists phase then
            this.UnitMs <- this.UnitMs + decimal (int64 size) * decimal (int64 (now - since))

        if phase = Phase.Suspended then
            this.Suspended <- this.Suspended + (now - since)

        if Phases.isUp phase then
            this.Up <- this.Up + (now - since)

        since <- now

    member this.Stand(now: int64<ms>, becomes: Phase, at: int64<mcu>) =
        this.Bill now
        phase <- becomes
        size <- at

        if standings.Count < mostStandings then
            standings.Add { At = now; Phase = becomes; Size = at }

    member this.Begin(now: int64<ms>, effect: Effect) =
        match effect with
        | DoSuspend _ -> this.Suspends <- this.Suspends + 1
        | DoResume _ -> this.Wakes <- this.Wakes + 1
        | DoResize goal ->
            let isUp = goal > size
            this.Resizes <- this.Resizes + 1

            if resizedAt >= 0L<ms> && isUp <> wasUp && now - resizedAt <= flapWithin then
                this.Flaps <- this.Flaps + 1

            resizedAt <- now
            wasUp <- isUp
