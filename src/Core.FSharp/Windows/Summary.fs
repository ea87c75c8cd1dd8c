namespace Serverless.Core

open System

/// What a line through a run of samples needs beside their own sums. Kept only of metrics whose future a rule asks for.
[<Sealed; AllowNullLiteral; NoEquality; NoComparison>]
type internal Trend(sumT: Int128, sumTT: Int128, sumTV: Int128) =
    member _.SumT = sumT
    member _.SumTT = sumTT
    member _.SumTV = sumTV

/// What a run of samples amounts to. Two runs that follow one another combine to the summary of both, so a tree of
/// samples answers for any part of it in logarithmic time. Sums are exact integers; times are relative to the series' origin.
/// A run grows in place towards the past: the kernel does little else as often, and copies of this cost more than its sums.
[<Struct; NoEquality; NoComparison>]
type internal Summary =
    { mutable Count: int
      mutable First: int64<ms>
      mutable Last: int64<ms>
      mutable FirstValue: int64
      mutable LastValue: int64
      mutable MaxGap: int64<ms>
      mutable Min: int64
      mutable Max: int64
      mutable Sum: Int128
      /// Null where it is not kept.
      mutable Trend: Trend }

module internal Summary =
    let empty =
        { Count = 0
          First = 0L<ms>
          Last = 0L<ms>
          FirstValue = 0L
          LastValue = 0L
          MaxGap = 0L<ms>
          Min = Int64.MaxValue
          Max = Int64.MinValue
          Sum = Int128.Zero
          Trend = null }

    /// `origin`: what the times of a trend are counted from; none: no trend is kept.
    let private trend (origin: int64<ms> voption) (at: int64<ms>) (value: int64) : Trend =
        match origin with
        | ValueNone -> null
        | ValueSome origin ->
            let t = Exact.wide (int64 (at - origin))
            Trend(t, t * t, t * Exact.wide value)

    let private both (a: Trend) (b: Trend) : Trend =
        if isNull a || isNull b then null else Trend(a.SumT + b.SumT, a.SumTT + b.SumTT, a.SumTV + b.SumTV)

    /// The sample comes before the run.
    let prependSample origin (at: int64<ms>) (value: int64) (run: byref<Summary>) : unit =
        if run.Count = 0 then
            run.Last <- at
            run.LastValue <- value
            run.MaxGap <- 0L<ms>
            run.Min <- value
            run.Max <- value
            run.Sum <- Exact.wide value
            run.Trend <- trend origin at value
        else
            run.MaxGap <- max run.MaxGap (run.First - at)
            run.Min <- min value run.Min
            run.Max <- max value run.Max
            run.Sum <- Exact.wide value + run.Sum
            if origin.IsSome then run.Trend <- both (trend origin at value) run.Trend

        run.Count <- run.Count + 1
        run.First <- at
        run.FirstValue <- value

    /// All of `older` comes before the run.
    let prepend (older: inref<Summary>) (run: byref<Summary>) : unit =
        if run.Count = 0 then run <- older
        elif older.Count > 0 then
            run.Count <- older.Count + run.Count
            run.MaxGap <- max (max older.MaxGap run.MaxGap) (run.First - older.Last)
            run.First <- older.First
            run.FirstValue <- older.FirstValue
            run.Min <- min older.Min run.Min
            run.Max <- max older.Max run.Max
            run.Sum <- older.Sum + run.Sum
            run.Trend <- both older.Trend run.Trend

    /// Increase a second between the first and the last sample, in thousandths of the values' unit times 1000 / ms.
    let rate (s: inref<Summary>) : Exact voption =
        let elapsed = int64 (s.Last - s.First)
        if elapsed <= 0L then ValueNone
        else ValueSome(Ratio((Exact.wide s.LastValue - Exact.wide s.FirstValue) * Exact.wide 1000L, elapsed))

    /// With numbers of 128 bits, where everything surely fits; else none.
    let private narrowForecast (x: Int128) (s: inref<Summary>) : Exact voption =
        let n, t = Exact.wide (int64 s.Count), s.Trend
        let ofN, ofT, ofV = Exact.bits n, Exact.bits t.SumT, Exact.bits s.Sum
        let ofSpread = 1 + max (ofN + Exact.bits t.SumTT) (2 * ofT)
        let ofSlope = 1 + max (ofN + Exact.bits t.SumTV) (ofT + ofV)
        let ofReach = 1 + max (ofN + Exact.bits x) ofT

        if ofSpread > 120 || ofSlope > 120 || ofV + ofSpread > 120 || ofSlope + ofReach > 120 || ofN + ofSpread > 62 + 64 then ValueNone
        else
            let spread = n * t.SumTT - t.SumT * t.SumT
            let slope = n * t.SumTV - t.SumT * s.Sum
            let den = n * spread

            if Exact.bits den > 62 then ValueNone
            else ValueSome(Ratio(s.Sum * spread + slope * (n * x - t.SumT), int64 den))

    /// Least squares through the samples, read off `horizon` after the last one:
    /// slope = (nΣtv - ΣtΣv) / (nΣtt - (Σt)²), value = (Σv + slope·(n·x - Σt)) / n.
    let private wideForecast (x: Int128) (s: inref<Summary>) : Exact voption =
        let big (value: Int128) : bigint = bigint.op_Implicit value
        let n, t = bigint s.Count, s.Trend
        let sumT, sumV = big t.SumT, big s.Sum
        let spread = n * big t.SumTT - sumT * sumT

        if spread.IsZero then ValueNone
        else
            let slope = n * big t.SumTV - sumT * sumV
            ValueSome(Big { Num = sumV * spread + slope * (n * big x - sumT); Den = n * spread })

    /// The line through the samples, `horizon` after the last one; none when all have one time.
    let forecast (origin: int64<ms>) (horizon: int64<ms>) (s: inref<Summary>) : Exact voption =
        let x = Exact.wide (int64 (s.Last + horizon - origin))

        if s.First = s.Last || isNull s.Trend then ValueNone
        else
            match narrowForecast x &s with
            | ValueSome value -> ValueSome value
            | ValueNone -> wideForecast x &s
