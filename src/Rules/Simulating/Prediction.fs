namespace Serverless.Rules

open System
open System.Collections.Generic
open Serverless.Core

/// How long statements waited for a start, or for work that came before theirs. Milliseconds; by the millisecond below two seconds, beyond to a thousandth.
[<Sealed>]
type WaitFigures internal (waits: Waits, ofAll: bool) =
    let at percent = waits.Percentile(percent, ofAll)
    let p50, p95, p99 = at 50, at 95, at 99
    let statements = float (if ofAll then waits.Count else waits.Waited) / 1000.0
    member _.Statements: float = statements
    member _.P50: int64 = p50
    member _.P95: int64 = p95
    member _.P99: int64 = p99

/// What came of a policy under a load.
[<Sealed>]
type Prediction internal (name: string, policy: Policy, length: int64<ms>, tally: Tally, problem: LoadProblem | null) =
    let waits = tally.Waits
    let all, waited = WaitFigures(waits, true), WaitFigures(waits, false)
    let longest, mean = waits.Longest, waits.Mean
    let standings = tally.Standings
    let share (part: int64<ms>) (of': int64<ms>) = if of' > 0L<ms> then float part / float of' else 0.0
    /// Null when the load was read to its end; the figures are those of a part of it otherwise.
    member _.Problem: LoadProblem | null = problem
    /// The policy's, or what was simulated beside it.
    member _.Name: string = name
    member _.Policy: Policy = policy
    member _.LengthMs: int64 = int64 length
    /// Thousandths of a unit times milliseconds, exactly: the integral of the size over the time in which a compute was up.
    member _.UnitMs: decimal = tally.UnitMs
    /// Compute-unit hours.
    member this.UnitHours: float = float (this.UnitMs / 3_600_000_000m)
    /// From 0 to 1: the part of the time in which it was suspended.
    member _.Suspended: float = share tally.Suspended length
    member _.SuspendedMs: int64 = int64 tally.Suspended
    /// From 0 to 1: of the time in which statements ran, the part in which more work was there than it could do.
    member _.Short: float = share tally.Short tally.Up
    member _.ShortMs: int64 = int64 tally.Short
    /// The time in which statements ran: it was up, and neither draining nor suspending.
    member _.UpMs: int64 = int64 tally.Up
    /// Starts that were begun.
    member _.Wakes: int = tally.Wakes
    /// Suspends that were begun; some may have been taken back by a statement.
    member _.Suspends: int = tally.Suspends
    member _.Resizes: int = tally.Resizes
    /// Resizes against the direction of the one before, within ten minutes of it.
    member _.Flaps: int = tally.Flaps
    /// Of all statements that were answered.
    member _.Waits: WaitFigures = all
    /// Of those that waited for a millisecond or more.
    member _.Waited: WaitFigures = waited
    member _.LongestWait: int64 = longest
    /// Of all that were answered, in milliseconds.
    member _.MeanWait: float = mean
    /// What statements waited while nothing ran: for a start, and not for their turn. Those that got an error or still waited at the end have waited too; by those that were
    /// answered, in milliseconds.
    member _.MeanHeld: float = if waits.Count = 0L then 0.0 else float (tally.Held / decimal waits.Count)
    /// Statements that came, were answered, got an error, and still waited at the end, in thousandths: the first is the sum of the others.
    member _.Arrived: int64 = tally.Arrived
    member _.Answered: int64 = waits.Count
    member _.Refused: int64 = tally.Refused
    member _.Waiting: int64 = tally.Waiting
    /// Work that came, was done, was refused with its statements, and was still to be done at the end, in millicores times milliseconds: the first is
    /// the sum of the others. The engine's own comes as far as it was done, or could be yet.
    member _.WorkArrived: int64 = tally.WorkArrived
    member _.WorkDone: int64 = tally.WorkDone
    member _.WorkRefused: int64 = tally.WorkRefused
    member _.WorkWaiting: int64 = tally.WorkWaiting
    /// Inputs that the kernel was given.
    member _.Steps: int64 = tally.Steps
    /// Phases and sizes from the start on, with the instant each begins at (milliseconds since the start); the first hundred thousand.
    member _.Standings: IReadOnlyList<Standing> = standings

    /// What it costs at a price for a unit hour.
    member this.Cost(price: decimal) : decimal = this.UnitMs / 3_600_000_000m * price
