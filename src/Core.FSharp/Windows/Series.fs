namespace Serverless.Core

/// The values of one window width, in order of size, for its percentiles. `Until`: what is not later has been taken out.
[<NoEquality; NoComparison>]
type internal RankedWindow = { Width: int64<ms>; Until: int64<ms>; Values: Ranked }

/// The samples of one metric since its last restart, bounded by the widest window that the policy has for it.
[<NoEquality; NoComparison>]
type internal Series =
    { Origin: int64<ms>
      /// Of the newest sample that was given up for the bound on their number: a window that reaches back to it is Unknown.
      Lost: int64<ms>
      Samples: SampleTree
      Ranked: RankedWindow list }

/// What a window amounts to at an instant, and when that changes if no sample comes (`Limits.Never`: not at all).
[<Struct; NoEquality; NoComparison>]
type internal WindowReading = { Value: Exact voption; Changes: int64<ms> }

module internal Series =
    let empty (percentileWidths: int64<ms> list) : Series =
        { Origin = 0L<ms>
          Lost = Limits.Long
          Samples = NoSamples
          Ranked = percentileWidths |> List.map (fun width -> { Width = width; Until = Limits.Long; Values = NoValues }) }

    let restart (series: Series) : Series =
        match series.Samples with
        | NoSamples -> series
        | _ -> empty (series.Ranked |> List.map _.Width)

    /// What was given up before is still missing.
    let losing (lost: int64<ms>) (series: Series) : Series =
        if lost <= series.Lost then series else { series with Lost = lost }

    let private expire (samples: SampleTree) (now: int64<ms>) (window: RankedWindow) =
        let until = now - window.Width
        if until <= window.Until then window
        else
            let values = SampleTree.foldBetween window.Until until (fun values _ value -> Ranked.remove value values) window.Values samples
            { window with Until = until; Values = values }

    /// `at` is not before the newest sample. Samples older than `widest`, or beyond the bound on their number, are forgotten.
    let append (widest: int64<ms>) (at: int64<ms>) (value: int64) (series: Series) : Series =
        let origin =
            match series.Samples with
            | NoSamples -> at
            | _ -> series.Origin

        let samples = SampleTree.append origin at value series.Samples
        let ranked = series.Ranked |> List.map (fun window -> expire samples at { window with Values = Ranked.add value window.Values })
        let kept = SampleTree.dropTo origin (min (at - widest) (at - 1L<ms>)) samples
        let oldest = SampleTree.summary kept

        if oldest.Count <= Limits.Samples then { Origin = origin; Lost = series.Lost; Samples = kept; Ranked = ranked }
        else
            let without (window: RankedWindow) =
                if oldest.First > window.Until then { window with Values = Ranked.remove oldest.FirstValue window.Values } else window

            { Origin = origin
              Lost = oldest.First
              Samples = SampleTree.dropOldest origin kept
              Ranked = List.map without ranked }

    let last (series: Series) : struct (int64<ms> * int64) voption =
        match SampleTree.summary series.Samples with
        | s when s.Count = 0 -> ValueNone
        | s -> ValueSome(struct (s.Last, s.LastValue))

    let private percentile percent width now (series: Series) =
        match series.Ranked |> List.tryFind (fun window -> window.Width = width) with
        | None -> ValueNone
        | Some window ->
            match Ranked.percentile percent (expire series.Samples now window).Values with
            | ValueSome value -> ValueSome(Exact.ofInt value)
            | ValueNone -> ValueNone

    let private aggregate kind width now (series: Series) (s: inref<Summary>) : Exact voption =
        match kind with
        | Last -> ValueSome(Exact.ofInt s.LastValue)
        | Avg -> ValueSome(Ratio(s.Sum, int64 s.Count))
        | Max -> ValueSome(Exact.ofInt s.Max)
        | Min -> ValueSome(Exact.ofInt s.Min)
        | P50 -> percentile 50 width now series
        | P95 -> percentile 95 width now series
        | P99 -> percentile 99 width now series
        | Sum -> ValueSome(Ratio(s.Sum, 1L))
        | CountOf -> ValueSome(Exact.ofInt (int64 s.Count * 1000L))
        | RateOf -> Summary.rate &s
        | Forecast horizon -> Summary.forecast series.Origin horizon &s

    /// What the samples of `(now - width, now]` amount to; every aggregate over that window is read off it.
    let summary (width: int64<ms>) (now: int64<ms>) (series: Series) : Summary = SampleTree.after series.Origin (now - width) series.Samples

    /// The aggregate over the window that was summed up; Unknown when a gap in it, edges included, exceeds `stale`.
    let readOff (s: inref<Summary>) (kind: Aggregate) (width: int64<ms>) (stale: int64<ms>) (now: int64<ms>) (series: Series) : WindowReading =
        let from = now - width

        if s.Count = 0 || now - s.Last > stale then { Value = ValueNone; Changes = Limits.Never }
        elif from < series.Lost then { Value = ValueNone; Changes = series.Lost + width }
        else
            let leaves = s.First + width
            let covered = s.First - from <= stale
            let known = covered && s.MaxGap <= stale
            let entersAt = if covered then Limits.Never else leaves - stale

            { Value = (if known then aggregate kind width now series &s else ValueNone)
              Changes = min (min leaves entersAt) (s.Last + stale + 1L<ms>) }

    /// The aggregate over `(now - width, now]`.
    let read (kind: Aggregate) (width: int64<ms>) (stale: int64<ms>) (now: int64<ms>) (series: Series) : WindowReading =
        let s = summary width now series
        readOff &s kind width stale now series

    /// The newest sample, Unknown when it is older than `stale`.
    let latest (stale: int64<ms>) (now: int64<ms>) (series: Series) : WindowReading =
        match last series with
        | ValueSome(struct (at, value)) when now - at <= stale -> { Value = ValueSome(Exact.ofInt value); Changes = at + stale + 1L<ms> }
        | _ -> { Value = ValueNone; Changes = Limits.Never }

    /// The samples from the oldest on.
    let toList (series: Series) : (int64<ms> * int64) list =
        series.Samples
        |> SampleTree.foldBetween Limits.Long Limits.Never (fun found at value -> (at, value) :: found) []
        |> List.rev
