namespace Serverless.Core

/// Compute-unit milliseconds (thousandths of a unit times milliseconds) used in the local day and month of `At`.
[<Struct; NoComparison>]
type internal Spending =
    { At: int64<ms>
      Day: int
      DayUsed: int64
      MonthUsed: int64 }

module internal Spending =
    /// What has been used can only be too much to count.
    let private plus (used: int64) (size: int64<mcu>) (length: int64<ms>) =
        let sum = Exact.wide used + Exact.wide (int64 size) * Exact.wide (int64 length)
        int64 (System.Int128.Min(sum, Exact.wide (int64 Limits.Never)))

    let none = { At = 0L<ms>; Day = 0; DayUsed = 0L; MonthUsed = 0L }

    /// Carries it on to `now`, with `size` in use since `At` (0 while nothing runs). Each stretch of a local day counts in that day.
    let upTo zone (now: int64<ms>) (size: int64<mcu>) (spending: Spending) : Spending =
        // A silence of more than two months has no day of the present month in it but the last ones.
        let skip = max spending.At (now - 62L * LocalTime.Day)

        let rec go (s: Spending) =
            let struct (day, _) = LocalTime.split zone s.At
            let s =
                if day = s.Day then s
                else
                    { s with
                        Day = day
                        DayUsed = 0L
                        MonthUsed = (if LocalTime.month day = LocalTime.month s.Day then s.MonthUsed else 0L) }

            if now <= s.At then s
            else
                let until = min now (max (s.At + 1L<ms>) (LocalTime.nextMidnight zone s.At))
                let length = until - s.At
                go { s with At = until; DayUsed = plus s.DayUsed size length; MonthUsed = plus s.MonthUsed size length }

        if now < spending.At then spending else go { spending with At = skip }
