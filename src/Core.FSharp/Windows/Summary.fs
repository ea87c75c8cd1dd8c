namespace Serverless.Core

open System

/// What a run of samples amounts to. Two runs that follow one another combine to the summary of both, so a tree of
/// samples answers for any part of it in logarithmic time. Sums are exact integers; times are relative to the series' origin.
[<Struct; NoEquality; NoComparison>]
type internal Summary =
    { Count: int
      First: int64<ms>
      Last: int64<ms>
      FirstValue: int64
      LastValue: int64
      MaxGap: int64<ms>
      Min: int64
      Max: int64
      Sum: Int128
      SumT: Int128
      SumTT: Int128
      SumTV: Int128 }

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
          SumT = Int128.Zero
          SumTT = Int128.Zero
          SumTV = Int128.Zero }

    let single (origin: int64<ms>) (at: int64<ms>) (value: int64) =
        let t = Exact.wide (int64 (at - origin))
        let v = Exact.wide value

        { Count = 1
          First = at
          Last = at
          FirstValue = value
          LastValue = value
          MaxGap = 0L<ms>
          Min = value
          Max = value
          Sum = v
          SumT = t
          SumTT = t * t
          SumTV = t * v }

    /// `a` is the older run.
    let combine (a: inref<Summary>) (b: inref<Summary>) =
        if a.Count = 0 then b
        elif b.Count = 0 then a
        else
            { Count = a.Count + b.Count
              First = a.First
              Last = b.Last
              FirstValue = a.FirstValue
              LastValue = b.LastValue
              MaxGap = max (max a.MaxGap b.MaxGap) (b.First - a.Last)
              Min = min a.Min b.Min
              Max = max a.Max b.Max
              Sum = a.Sum + b.Sum
              SumT = a.SumT + b.SumT
              SumTT = a.SumTT + b.SumTT
              SumTV = a.SumTV + b.SumTV }

    /// Increase a second between the first and the last sample, in thousandths of the values' unit times 1000 / ms.
    let rate (s: inref<Summary>) : Exact voption =
        let elapsed = int64 (s.Last - s.First)
        if elapsed <= 0L then ValueNone
        else ValueSome(Ratio((Exact.wide s.LastValue - Exact.wide s.FirstValue) * Exact.wide 1000L, elapsed))

    /// With numbers of 128 bits, where everything surely fits; else none.
    let private narrowForecast (x: Int128) (s: inref<Summary>) : Exact voption =
        let n = Exact.wide (int64 s.Count)
        let ofN, ofT, ofV = Exact.bits n, Exact.bits s.SumT, Exact.bits s.Sum
        let ofSpread = 1 + max (ofN + Exact.bits s.SumTT) (2 * ofT)
        let ofSlope = 1 + max (ofN + Exact.bits s.SumTV) (ofT + ofV)
        let ofReach = 1 + max (ofN + Exact.bits x) ofT

        if ofSpread > 120 || ofSlope > 120 || ofV + ofSpread > 120 || ofSlope + ofReach > 120 || ofN + ofSpread > 62 + 64 then ValueNone
        else
            let spread = n * s.SumTT - s.SumT * s.SumT
            let slope = n * s.SumTV - s.SumT * s.Sum
            let den = n * spread

            if Exact.bits den > 62 then ValueNone
            else ValueSome(Ratio(s.Sum * spread + slope * (n * x - s.SumT), int64 den))

    /// Least squares through the samples, read off `horizon` after the last one:
    /// slope = (nΣtv - ΣtΣv) / (nΣtt - (Σt)²), value = (Σv + slope·(n·x - Σt)) / n.
    let private wideForecast (x: Int128) (s: inref<Summary>) : Exact voption =
        let big (value: Int128) : bigint = bigint.op_Implicit value
        let n = bigint s.Count
        let sumT, sumV = big s.SumT, big s.Sum
        let spread = n * big s.SumTT - sumT * sumT

        if spread.IsZero then ValueNone
        else
            let slope = n * big s.SumTV - sumT * sumV
            ValueSome(Big { Num = sumV * spread + slope * (n * big x - sumT); Den = n * spread })

    /// The line through the samples, `horizon` after the last one; none when all have one time.
    let forecast (origin: int64<ms>) (horizon: int64<ms>) (s: inref<Summary>) : Exact voption =
        let x = Exact.wide (int64 (s.Last + horizon - origin))

        if s.First = s.Last then ValueNone
        else
            match narrowForecast x &s with
            | ValueSome value -> ValueSome value
            | ValueNone -> wideForecast x &s
