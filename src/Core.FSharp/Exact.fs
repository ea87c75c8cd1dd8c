namespace Serverless.Core

open System

/// Of integers of any length.
[<NoEquality; NoComparison>]
type internal Fraction =
    { Num: bigint; Den: bigint }

/// A number of the rule language as an exact fraction, so that no comparison depends on rounding.
/// The denominator is positive.
[<Struct; NoEquality; NoComparison>]
type internal Exact =
    | Ratio of num: Int128 * den: int64
    /// What does not fit: regressions over long windows. By reference, since every value that is read carries the room for it.
    | Big of Fraction

module internal Exact =
    /// From its two halves, since the optimising compiler cannot inline the conversion operator into another assembly.
    let wide (value: int64) : Int128 = Int128(uint64 (value >>> 63), uint64 value)

    let ofInt value = Ratio(wide value, 1L)

    let private big =
        function
        | Ratio(num, den) -> struct (bigint.op_Implicit num, bigint den)
        | Big fraction -> struct (fraction.Num, fraction.Den)

    /// Bits that the number takes, without its sign.
    let bits (value: Int128) : int =
        let magnitude = if Int128.IsNegative value then -(value + Int128.One) else value
        128 - int (Int128.LeadingZeroCount magnitude)

    /// Twice the product fits an Int128.
    let private multiplies (num: Int128) (den: int64) =
        bits num + 64 - System.Numerics.BitOperations.LeadingZeroCount(uint64 den) <= 126

    /// Below 0, 0 or above 0 as `a` is less than, equal to or greater than `b`.
    let compare (a: Exact) (b: Exact) : int =
        match a, b with
        | Ratio(an, ad), Ratio(bn, bd) when ad = bd -> an.CompareTo bn
        | Ratio(an, ad), Ratio(bn, bd) when multiplies an bd && multiplies bn ad -> (an * wide bd).CompareTo(bn * wide ad)
        | _ ->
            let struct (an, ad) = big a
            let struct (bn, bd) = big b
            (an * bd).CompareTo(bn * ad)

    /// Milliseconds until `a - b` reaches zero when the two move by `slopeA` and `slopeB` (numerators a millisecond over their own
    /// denominators); 1 when they are equal now and move apart; none when they never meet.
    let meeting (a: Exact) (slopeA: int64) (b: Exact) (slopeB: int64) : int64<ms> voption =
        match a, b with
        | _ when slopeA = 0L && slopeB = 0L -> ValueNone
        | Ratio(an, ad), Ratio(bn, bd) when multiplies an bd && multiplies bn ad ->
            let distance = an * wide bd - bn * wide ad
            let speed = wide slopeA * wide bd - wide slopeB * wide ad
            let ahead, closing = Int128.Sign distance, Int128.Sign speed

            if closing = 0 then ValueNone
            elif ahead = 0 then ValueSome 1L<ms>
            elif ahead = closing then ValueNone
            else
                let far, fast = Int128.Abs distance, Int128.Abs speed
                let steps = (far + fast - Int128.One) / fast
                ValueSome(LanguagePrimitives.Int64WithMeasure(Int128.op_Explicit (Int128.Min(steps, wide (int64 Limits.Horizon))): int64))
        | _ -> ValueSome 1_000L<ms>

    /// Nearest integer, halves away from zero, held within int64: for showing only.
    let round (value: Exact) : int64 =
        let struct (num, den) = big value
        let half = (abs num * 2I + den) / (den * 2I)
        let signed = if num.Sign < 0 then -half else half
        int64 (max (bigint Int64.MinValue) (min (bigint Int64.MaxValue) signed))
