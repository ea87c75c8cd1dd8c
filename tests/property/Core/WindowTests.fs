/// Windows against an evaluator that looks at every sample, every time.
module Serverless.Tests.Property.Core.WindowTests

open FsCheck
open FsCheck.FSharp
open NUnit.Framework
open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Naive

let private stale = seconds 20
let private kinds = [ Last; Avg; Max; Min; P50; P95; P99; Sum; CountOf; RateOf; Forecast(minutes 1) ]

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

type WindowsAttribute() as this =
    inherit ManyAttribute()
    do this.Arbitrary <- [| typeof<SampleArbitrary>; typeof<WholeRange> |]

let private widest = minutes 5
let private widths = [ seconds 7; seconds 30; widest ]
let private filled samples = samples |> List.fold (fun series (at, value) -> Series.append widest at value series) (Series.empty true widths)

[<Windows>]
[<Says "K-13">]
[<Says "K-14">]
[<Says "K-15">]
let ``a window says what looking at every sample says`` (Samples samples) (late: uint16) =
    // After one of the samples, and some time after it.
    if not samples.IsEmpty then
        let seen = List.truncate (1 + int late % samples.Length) samples
        let series = filled seen
        let at = fst (List.last seen)

        for now in [ at; at + int64 late * 1L<ms> ] do
            let width = widths[int late % widths.Length]

            for kind in kinds do
                let found, expected = exact (Series.read kind width stale now series), window kind stale width now seen
                if found <> expected then failwith $"{kind} over {width} at {now}: {found}, and looking at every sample {expected}"

[<Windows>]
[<Says "K-5">]
let ``a window stays what it is until it says it changes`` (Samples samples) (part: byte) =
    if not samples.IsEmpty then
        let series = filled samples
        let now = fst (List.last samples) + int64 part * 50L<ms>

        for width in [ widths[int part % widths.Length] ] do
            for kind in kinds do
                let reading = Series.read kind width stale now series
                let until = min reading.Changes (now + minutes 10)
                let between = now + (until - now - 1L<ms>) * int64 part / 255L
                if exact (Series.read kind width stale between series) <> exact reading then failwith $"{kind} over {width} changed at {between}, before {reading.Changes}"

[<Windows>]
[<Says "K-21">]
let ``a series forgets what no window can see`` (Samples samples) =
    let kept = Series.toList (filled samples)

    match samples with
    | [] -> ()
    | _ ->
        let last = fst (List.last samples)
        let expected = samples |> List.filter (fun (at, _) -> at > last - widest)
        if kept <> expected then failwith $"kept {kept}, and a window sees {expected}"

[<Test>]
[<Says "K-21">]
let ``a series is bounded however many samples come`` () =
    let flood = seq { for n in 1 .. Limits.Samples + 500 -> noon, int64 n }
    let series = flood |> Seq.fold (fun series (at, value) -> Series.append widest at value series) (Series.empty true [ widest ])
    Assert.That((Series.whole series).Count, Is.EqualTo Limits.Samples)
    Assert.That((Series.whole series).Min, Is.EqualTo 501L)
    Assert.That(Ranked.percentile 50 series.Ranked.Head.Values, Is.EqualTo(ValueSome(int64 (500 + Limits.Samples / 2))))

[<Test>]
[<Says "K-21">]
let ``a window that lost samples to the bound is unknown, until it no longer reaches back to them`` () =
    let flood = seq { for n in 1 .. Limits.Samples + 1 -> noon + int64 (n / 1_000) * 1L<ms>, int64 n }
    let series = flood |> Seq.fold (fun series (at, value) -> Series.append widest at value series) (Series.empty true [])
    let reading = Series.read Sum (seconds 10) widest (noon + seconds 9) series
    Assert.That(exact reading, Is.EqualTo None)
    Assert.That(reading.Changes, Is.EqualTo(noon + seconds 10))
    Assert.That(exact (Series.read CountOf (seconds 10) widest (noon + seconds 10) series), Is.EqualTo(Some(bigint (Limits.Samples + 1 - 999) * 1000I, 1I)))

/// As full as it may be, a sample a millisecond; what comes then pushes the oldest out.
let private full =
    lazy (seq { for n in 1 .. Limits.Samples -> noon + int64 n * 1L<ms>, int64 (n % 97) } |> Seq.fold (fun series (at, value) -> Series.append (hours 1) at value series) (Series.empty true []))

[<Many>]
[<Says "K-21">]
let ``beyond 65,536 the oldest samples are forgotten, and a window that reaches back to one of those is unknown`` (values: NonEmptyArray<int16>) (reach: uint16) =
    let newest = noon + 65_536L<ms>
    let later = values.Get |> Array.mapi (fun index value -> newest + int64 (index + 1) * 1L<ms>, int64 value)
    let series = later |> Array.fold (fun series (at, value) -> Series.append (hours 1) at value series) full.Value
    let now, gone = fst (Array.last later), int64 later.Length
    if (Series.whole series).Count <> 65_536 then failwith $"{(Series.whole series).Count} samples are kept"
    if (Series.whole series).First <> noon + (gone + 1L) * 1L<ms> then failwith "another one than the oldest was forgotten"

    // The window ends now and begins about the last sample that was forgotten.
    for width in [ 65_536L<ms> + int64 (reach % 5us) * 1L<ms> - 2L<ms>; now - noon; (1L + int64 reach) * 1L<ms> ] do
        let found = exact (Series.read CountOf width (hours 1) now series)
        // Left-open: it reaches back to what lies after its left edge.
        let lost = noon + gone * 1L<ms> > now - width
        let expected = if lost then None else Some(bigint (int64 width) * 1000I, 1I)
        if found <> expected then failwith $"over {width}: {found}, expected {expected}"

[<Test>]
[<Says "K-17">]
let ``an average is compared without rounding`` () =
    let series = [ noon, 1L; noon + 1L<ms>, 1L; noon + 2L<ms>, 2L ] |> List.fold (fun s (at, value) -> Series.append widest at value s) (Series.empty true [])
    let average = (Series.read Avg (seconds 7) stale (noon + 2L<ms>) series).Value.Value
    Assert.That(Exact.compare average (Exact.ofInt 1L), Is.GreaterThan 0)
    Assert.That(Exact.compare average (Ratio(Exact.wide 4L, 3L)), Is.EqualTo 0)

[<Many>]
[<Says "K-17">]
let ``fractions compare as their cross products`` (a: int64) (b: PositiveInt) (c: int64) (d: PositiveInt) (scale: byte) =
    let wide = Exact.wide a * Exact.wide (1L <<< (int scale % 60))
    let expected = (bigint.op_Implicit wide * bigint d.Get).CompareTo(bigint c * bigint b.Get)
    sign (Exact.compare (Ratio(wide, int64 b.Get)) (Ratio(Exact.wide c, int64 d.Get))) = sign expected

[<Many>]
[<Says "K-16">]
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
