namespace Serverless.Rules

open System
open System.Numerics

/// How long statements waited, counted by length: by the millisecond below two seconds, and beyond to a thousandth of the length.
/// Statements are counted in thousandths.
[<Sealed>]
type internal Waits() =
    let exact = 2_048
    let half = 1_024
    let counts = Array.zeroCreate<int64> 49_152
    let mutable total = 0L
    let mutable longest = 0L
    let mutable lately = 0L
    let mutable sum = 0m

    let place (wait: int64) =
        if wait < int64 exact then
            int wait
        else
            let shift = 63 - BitOperations.LeadingZeroCount(uint64 wait) - 10
            min (counts.Length - 1) (shift * half + int (wait >>> shift))

    /// The longest wait that is counted there.
    let upper (place: int) =
        if place < exact then
            int64 place
        else
            let shift = place / half - 1
            ((int64 (place - shift * half) + 1L) <<< shift) - 1L

    /// Of an amount, the part of a whole that is in it, rounded down.
    static member Part(amount: int64, part: int64, whole: int64) : int64 =
        if part >= whole then
            amount
        else
            let product = UInt128(0UL, uint64 amount) * UInt128(0UL, uint64 part)
            int64 (uint64 (product / UInt128(0UL, uint64 whole)))

    /// Statements of which the first waited so long and the last so long, and those between in between.
    member _.Add(first: int64, last: int64, count: int64) =
        if count > 0L then
            let low, high = max 0L (min first last), max 0L (max first last)
            let from, until = place low, place high
            total <- total + count
            longest <- max longest high
            lately <- max lately high
            sum <- sum + decimal count * (decimal low + decimal high) / 2m

            if from = until then
                counts[from] <- counts[from] + count
            else
                let mutable done' = 0L

                for at in from .. until - 1 do
                    let below = Waits.Part(count, upper at + 1L - low, high - low)
                    counts[at] <- counts[at] + below - done'
                    done' <- below

                counts[until] <- counts[until] + count - done'

    /// Thousandths of a statement.
    member _.Count = total

    /// Those that waited for a millisecond or more.
    member _.Waited = total - counts[0]

    member _.Longest = longest

    /// The longest since it was asked for last.
    member _.TakeLongest() : int64 =
        let longest = lately
        lately <- 0L
        longest

    /// Milliseconds in the mean.
    member _.Mean: float = if total = 0L then 0.0 else float (sum / decimal total)

    /// The wait that so many percent of the statements do not exceed (nearest rank), of all or of those that waited.
    member _.Percentile(percent: int, ofAll: bool) : int64 =
        let skipped = if ofAll then 0L else counts[0]
        let of' = total - skipped

        if of' = 0L then
            0L
        else
            let rank = skipped + int64 (ceil (decimal of' * decimal percent / 100m))
            let mutable at = 0
            let mutable below = counts[0]

            while below < rank && at < counts.Length - 1 do
                at <- at + 1
                below <- below + counts[at]

            min longest (upper at)
