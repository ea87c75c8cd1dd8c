namespace Serverless.Core

/// The values of one window width, in order of size, for its percentiles. `Until`: what is not later has been taken out.
[<NoEquality; NoComparison>]
type internal RankedWindow = { Width: int64<ms>; Until: int64<ms>; Values: Ranked }

/// The samples of one metric since its last restart, bounded by the widest window that the policy has for it. The newest are a block of their own, and go into the
/// tree when that is full; so blocks leave it when their last sample does.
[<NoEquality; NoComparison>]
type internal Series =
    { /// A rule asks what they will be.
      Forecasts: bool
      /// Of the oldest sample since the restart; the times of their trend are counted from there.
      Origin: int64<ms>
      /// Of the newest sample that was given up for the bound on their number: a window that reaches back to it is Unknown.
      Lost: int64<ms>
      /// No window of the policy reaches back to here any more.
      Forgotten: int64<ms>
      Older: SampleTree
      Newest: SampleBlock
      Ranked: RankedWindow list }

/// What a window amounts to at an instant, and when that changes if no sample comes (`Limits.Never`: not at all).
[<Struct; NoEquality; NoComparison>]
type internal WindowReading = { Value: Exact voption; Changes: int64<ms> }

module internal Series =
    let empty (forecasts: bool) (percentileWidths: int64<ms> list) : Series =
        { Forecasts = forecasts
          Origin = 0L<ms>
          Lost = Limits.Long
          Forgotten = Limits.Long
          Older = null
          Newest = SampleBlock.empty
          Ranked = percentileWidths |> List.map (fun width -> { Width = width; Until = Limits.Long; Values = NoValues }) }

    let private isEmpty (series: Series) = series.Newest.Samples.Length = 0

    let private trendOrigin (series: Series) = if series.Forecasts then ValueSome series.Origin else ValueNone

    let restart (series: Series) : Series =
        if isEmpty series then series else empty series.Forecasts (series.Ranked |> List.map _.Width)

    /// What was given up before is still missing.
    let losing (lost: int64<ms>) (series: Series) : Series =
        if lost <= series.Lost then series else { series with Lost = lost }

    /// Folds the samples of `(from, until]` from the oldest on.
    let private foldBetween from until folder state (series: Series) =
        let older = SampleTree.foldBetween from until folder state series.Older
        SampleBlock.foldBetween from until folder older series.Newest

    let private expire (series: Series) (now: int64<ms>) (window: RankedWindow) =
        let until = now - window.Width
        if until <= window.Until then window
        else
            let values = foldBetween window.Until until (fun values _ value -> Ranked.remove value values) window.Values series
            { window with Until = until; Values = values }

    /// Samples that are there, those that no window reaches back to included.
    let private count (series: Series) = (if isNull series.Older then 0 else series.Older.Summary.Count) + series.Newest.Samples.Length

    /// Without its oldest sample, since there are too many; a window that reaches back to it is Unknown from now on.
    let private dropOldest (series: Series) : Series =
        let first, value = series.Older.Summary.First, series.Older.Summary.FirstValue
        let kept = { series with Older = SampleTree.dropOldest (trendOrigin series) series.Older }

        if first <= series.Forgotten then kept
        else
            let without (window: RankedWindow) =
                if first > window.Until then { window with Values = Ranked.remove value window.Values } else window

            { kept with Lost = first; Ranked = List.map without series.Ranked }

    /// `at` is not before the newest sample. Samples older than `widest`, or beyond the bound on their number, are forgotten.
    let append (widest: int64<ms>) (at: int64<ms>) (value: int64) (series: Series) : Series =
        let origin = if isEmpty series then at else series.Origin
        let trendOrigin = if series.Forecasts then ValueSome origin else ValueNone
        let forgotten = min (at - widest) (at - 1L<ms>)
        let isFull = series.Newest.Samples.Length = SampleBlock.Full
        let older = if isFull then SampleTree.append series.Newest series.Older else series.Older

        let appended =
            { Forecasts = series.Forecasts
              Origin = origin
              Lost = series.Lost
              Forgotten = forgotten
              Older = SampleTree.dropTo forgotten older
              Newest = SampleBlock.append trendOrigin at value (if isFull then SampleBlock.empty else series.Newest)
              Ranked = series.Ranked }

        let kept =
            if series.Ranked.IsEmpty then appended
            else
                // Before a block leaves: it has what a window is about to lose.
                let all = { appended with Older = older }
                { appended with Ranked = series.Ranked |> List.map (fun window -> expire all at { window with Values = Ranked.add value window.Values }) }

        if count kept <= Limits.Samples then kept else dropOldest kept

    /// Of all samples that are there.
    let whole (series: Series) : Summary =
        let mutable run = series.Newest.Summary
        if not (isNull series.Older) then Summary.prepend &series.Older.Summary &run
        run

    let last (series: Series) : struct (int64<ms> * int64) voption =
        match series.Newest.Samples with
        | [||] -> ValueNone
        | samples ->
            let newest = samples[samples.Length - 1]
            ValueSome(struct (newest.At, newest.Value))

    let private percentile percent width now (series: Series) =
        match series.Ranked |> List.tryFind (fun window -> window.Width = width) with
        | None -> ValueNone
        | Some window ->
            match Ranked.percentile percent (expire series now window).Values with
            | ValueSome value -> ValueSome(Exact.ofInt value)
            | ValueNone -> ValueNone

    /// Of a window that is known.
    let aggregate kind width now (series: Series) (s: inref<Summary>) : Exact voption =
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

    /// What the samples of `(now - width, now]` amount to; every aggregate over that window is read off it. `run` has nothing in it yet.
    let sumUp (width: int64<ms>) (now: int64<ms>) (series: Series) (run: byref<Summary>) : unit =
        let origin, from = trendOrigin series, now - width
        SampleBlock.prependAfter origin from series.Newest &run
        SampleTree.prependAfter origin from series.Older &run

    /// Whether an aggregate over the window that was summed up is known, which it is not when a gap in it, edges included, exceeds `stale`; and when that or the
    /// aggregate changes if no sample comes.
    let coverage (s: inref<Summary>) (width: int64<ms>) (stale: int64<ms>) (now: int64<ms>) (series: Series) : struct (bool * int64<ms>) =
        let from = now - width

        if s.Count = 0 || now - s.Last > stale then struct (false, Limits.Never)
        elif from < series.Lost then struct (false, series.Lost + width)
        else
            let leaves = s.First + width
            let covered = s.First - from <= stale
            let entersAt = if covered then Limits.Never else leaves - stale
            struct (covered && s.MaxGap <= stale, min (min leaves entersAt) (s.Last + stale + 1L<ms>))

    /// The aggregate over the window that was summed up.
    let readOff (s: inref<Summary>) (kind: Aggregate) (width: int64<ms>) (stale: int64<ms>) (now: int64<ms>) (series: Series) : WindowReading =
        let struct (known, changes) = coverage &s width stale now series
        { Value = (if known then aggregate kind width now series &s else ValueNone); Changes = changes }

    /// The aggregate over `(now - width, now]`.
    let read (kind: Aggregate) (width: int64<ms>) (stale: int64<ms>) (now: int64<ms>) (series: Series) : WindowReading =
        let mutable s = Summary.empty
        sumUp width now series &s
        readOff &s kind width stale now series

    /// The newest sample, Unknown when it is older than `stale`.
    let latest (stale: int64<ms>) (now: int64<ms>) (series: Series) : WindowReading =
        match last series with
        | ValueSome(struct (at, value)) when now - at <= stale -> { Value = ValueSome(Exact.ofInt value); Changes = at + stale + 1L<ms> }
        | _ -> { Value = ValueNone; Changes = Limits.Never }

    /// The samples from the oldest on.
    let toList (series: Series) : (int64<ms> * int64) list =
        foldBetween series.Forgotten Limits.Never (fun found at value -> (at, value) :: found) [] series |> List.rev
