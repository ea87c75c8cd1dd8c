/// Windows against an evaluator that looks at every sample, every time.
module Serverless.Tests.Property.Core.WindowTests

open FsCheck
open FsCheck.FSharp
open NUnit.Framework
open FsCheck.NUnit
open Serverless.Core
open Serverless.Tests.Property.Core.Policies

let private stale = seconds 20
let private kinds = [ Last; Avg; Max; Min; P50; P95; P99; Sum; CountOf; RateOf; Forecast(minutes 1) ]

/// A fraction in lowest terms, with a positive denominator.
let private fraction (num: bigint) (den: bigint) =
    let divisor = bigint.GreatestCommonDivisor(num, den)
    let divisor = if den.Sign < 0 then -divisor else divisor
    num / divisor, den / divisor

let private nearestRank percent (values: int64 list) =
    let sorted = List.sort values
    sorted[max 1 ((sorted.Length * percent + 99) / 100) - 1]

let private regression (horizon: int64<ms>) (inside: (int64<ms> * int64) list) =
    let n = bigint inside.Length
    let t = inside |> List.map (fun (at, _) -> bigint (int64 at))
    let v = inside |> List.map (snd >> bigint)
    let sumT, sumV = List.sum t, List.sum v
    let spread = n * List.sumBy (fun x -> x * x) t - sumT * sumT
    if spread.IsZero then None
    else
        let slope = n * List.sum (List.map2 (*) t v) - sumT * sumV
        let x = List.last t + bigint (int64 horizon)
        Some(fraction (sumV * spread + slope * (n * x - sumT)) (n * spread))

/// The definition: left-open, Unknown when a gap, edges included, exceeds the staleness.
let private naive kind (width: int64<ms>) (now: int64<ms>) (samples: (int64<ms> * int64) list) : (bigint * bigint) option =
    let inside = samples |> List.filter (fun (at, _) -> at > now - width && at <= now)
    let edges = (now - width) :: (List.map fst inside) @ [ now ]
    let gaps = edges |> List.pairwise |> List.map (fun (a, b) -> b - a)

    if inside.IsEmpty || List.exists (fun gap -> gap > stale) gaps then None
    else
        let values = List.map snd inside
        let whole (value: int64) = Some(bigint value, 1I)
        let sum = values |> List.sumBy bigint

        match kind with
        | Last -> whole (List.last values)
        | Avg -> Some(fraction sum (bigint values.Length))
        | Max -> whole (List.max values)
        | Min -> whole (List.min values)
        | P50 -> whole (nearestRank 50 values)
        | P95 -> whole (nearestRank 95 values)
        | P99 -> whole (nearestRank 99 values)
        | Sum -> Some(sum, 1I)
        | CountOf -> whole (int64 values.Length * 1000L)
        | RateOf ->
            let (first, a), (last, b) = List.head inside, List.last inside
            if last = first then None else Some(fraction ((bigint b - bigint a) * 1000I) (bigint (int64 (last - first))))
        | Forecast horizon -> regression horizon inside

let private exact (reading: WindowReading) =
    match reading.Value with
    | ValueNone -> None
    | ValueSome(Ratio(num, den)) -> Some(fraction (bigint.op_Implicit num) (bigint den))
    | ValueSome(Big(num, den)) -> Some(fraction num den)

/// Samples mostly in time, some late, some at the same instant, some beyond every window.
type Samples = Samples of (int64<ms> * int64) list

type SampleArbitrary =
    static member Samples() : Arbitrary<Samples> =
        let gap = Gen.frequency [ 8, Gen.choose (0, 6_000); 3, Gen.constant 5_000; 1, Gen.choose (6_000, 40_000); 1, Gen.constant 20_000 ]
        let value = Gen.frequency [ 5, Gen.choose (-100, 10_000) |> Gen.map int64; 1, Gen.elements [ System.Int64.MaxValue; System.Int64.MinValue; 0L ] ]

        let made =
            Gen.listOf (Gen.zip gap value)
            |> Gen.map (fun steps ->
                steps
                |> List.mapFold (fun at (gap, value) -> (at + int64 gap * 1L<ms>, value), at + int64 gap * 1L<ms>) noon
                |> fst
                |> Samples)

        Arb.fromGenShrink (made, (fun (Samples samples) -> Seq.init samples.Length (fun n -> Samples(List.removeAt n samples))))

type WindowsAttribute() =
    inherit PropertyAttribute(Arbitrary = [| typeof<SampleArbitrary> |], MaxTest = 300, QuietOnSuccess = true)

let private widest = minutes 5
let private widths = [ seconds 7; seconds 30; widest ]
let private filled samples = samples |> List.fold (fun series (at, value) -> Series.append widest at value series) (Series.empty widths)

[<Windows>]
let ``a window says what looking at every sample says`` (Samples samples) (late: uint16) =
    // After each sample, and some time after it.
    let mutable series = Series.empty widths
    let mutable seen = []

    for at, value in samples do
        series <- Series.append widest at value series
        seen <- seen @ [ at, value ]

        for now in [ at; at + int64 late * 1L<ms> ] do
            for width in widths do
                for kind in kinds do
                    let found, expected = exact (Series.read kind width stale now series), naive kind width now seen
                    if found <> expected then failwith $"{kind} over {width} at {now}: {found}, and looking at every sample {expected}"

[<Windows>]
let ``a window stays what it is until it says it changes`` (Samples samples) (part: byte) =
    if not samples.IsEmpty then
        let series = filled samples
        let now = fst (List.last samples) + int64 part * 50L<ms>

        for width in widths do
            for kind in kinds do
                let reading = Series.read kind width stale now series
                let until = min reading.Changes (now + minutes 10)
                let between = now + (until - now - 1L<ms>) * int64 part / 255L
                if exact (Series.read kind width stale between series) <> exact reading then failwith $"{kind} over {width} changed at {between}, before {reading.Changes}"

[<Windows>]
let ``a series forgets what no window can see`` (Samples samples) =
    let kept = Series.toList (filled samples)

    match samples with
    | [] -> ()
    | _ ->
        let last = fst (List.last samples)
        let expected = samples |> List.filter (fun (at, _) -> at > last - widest)
        if kept <> expected then failwith $"kept {kept}, and a window sees {expected}"

[<Test>]
let ``a series is bounded however many samples come`` () =
    let flood = seq { for n in 1 .. Limits.Samples + 500 -> noon, int64 n }
    let series = flood |> Seq.fold (fun series (at, value) -> Series.append widest at value series) (Series.empty [ widest ])
    Assert.That((SampleTree.summary series.Samples).Count, Is.EqualTo Limits.Samples)
    Assert.That((SampleTree.summary series.Samples).Min, Is.EqualTo 501L)
    Assert.That(Ranked.percentile 50 series.Ranked.Head.Values, Is.EqualTo(ValueSome(int64 (500 + Limits.Samples / 2))))

[<Test>]
let ``a window that lost samples to the bound is unknown, until it no longer reaches back to them`` () =
    let flood = seq { for n in 1 .. Limits.Samples + 1 -> noon + int64 (n / 1_000) * 1L<ms>, int64 n }
    let series = flood |> Seq.fold (fun series (at, value) -> Series.append widest at value series) (Series.empty [])
    let reading = Series.read Sum (seconds 10) widest (noon + seconds 9) series
    Assert.That(exact reading, Is.EqualTo None)
    Assert.That(reading.Changes, Is.EqualTo(noon + seconds 10))
    Assert.That(exact (Series.read CountOf (seconds 10) widest (noon + seconds 10) series), Is.EqualTo(Some(bigint (Limits.Samples + 1 - 999) * 1000I, 1I)))

[<Test>]
let ``an average is compared without rounding`` () =
    let series = [ noon, 1L; noon + 1L<ms>, 1L; noon + 2L<ms>, 2L ] |> List.fold (fun s (at, value) -> Series.append widest at value s) (Series.empty [])
    let average = (Series.read Avg (seconds 7) stale (noon + 2L<ms>) series).Value.Value
    Assert.That(Exact.compare average (Exact.ofInt 1L), Is.GreaterThan 0)
    Assert.That(Exact.compare average (Ratio(Exact.wide 4L, 3L)), Is.EqualTo 0)

[<Property(MaxTest = 500)>]
let ``fractions compare as their cross products`` (a: int64) (b: PositiveInt) (c: int64) (d: PositiveInt) (scale: byte) =
    let wide = Exact.wide a * Exact.wide (1L <<< (int scale % 60))
    let expected = (bigint.op_Implicit wide * bigint d.Get).CompareTo(bigint c * bigint b.Get)
    sign (Exact.compare (Ratio(wide, int64 b.Get)) (Ratio(Exact.wide c, int64 d.Get))) = sign expected

[<Property(MaxTest = 300)>]
let ``ranks survive adding and taking out`` (values: int64 list) (gone: int64 list) =
    let taken = gone @ List.truncate (values.Length / 2) values
    let tree = List.fold (fun tree value -> Ranked.remove value tree) (List.fold (fun tree value -> Ranked.add value tree) NoValues values) taken

    let rest =
        taken
        |> List.fold
            (fun rest value ->
                match List.tryFindIndex ((=) value) rest with
                | Some index -> List.removeAt index rest
                | None -> rest)
            values

    [ 1; 50; 95; 100 ] |> List.forall (fun percent -> Ranked.percentile percent tree = (if rest.IsEmpty then ValueNone else ValueSome(nearestRank percent rest)))
