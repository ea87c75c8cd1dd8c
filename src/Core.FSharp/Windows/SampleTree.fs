namespace Serverless.Core

/// Samples in order of time as a persistent height-balanced tree; every node knows the summary of all below it.
[<NoEquality; NoComparison>]
type internal SampleTree =
    | NoSamples
    | SampleNode of left: SampleTree * at: int64<ms> * value: int64 * right: SampleTree * height: int * summary: Summary

module internal SampleTree =
    let private height =
        function
        | NoSamples -> 0
        | SampleNode(_, _, _, _, h, _) -> h

    let summary =
        function
        | NoSamples -> Summary.empty
        | SampleNode(_, _, _, _, _, s) -> s

    let private node origin left at value right =
        let l, own, r = summary left, Summary.single origin at value, summary right
        let lo = Summary.combine &l &own
        SampleNode(left, at, value, right, 1 + max (height left) (height right), Summary.combine &lo &r)

    /// One rotation (or a double one) where the sides differ by two.
    let private balance origin left at value right =
        let make = node origin

        match left, right with
        | SampleNode(ll, la, lv, lr, lh, _), _ when lh > height right + 1 ->
            match lr with
            | SampleNode(lrl, lra, lrv, lrr, lrh, _) when lrh > height ll ->
                make (make ll la lv lrl) lra lrv (make lrr at value right)
            | _ -> make ll la lv (make lr at value right)
        | _, SampleNode(rl, ra, rv, rr, rh, _) when rh > height left + 1 ->
            match rl with
            | SampleNode(rll, rla, rlv, rlr, rlh, _) when rlh > height rr ->
                make (make left at value rll) rla rlv (make rlr ra rv rr)
            | _ -> make (make left at value rl) ra rv rr
        | _ -> make left at value right

    /// All of `left`, then the sample, then all of `right`; the two may differ in height by any amount.
    let rec private join origin left at value right =
        match left, right with
        | SampleNode(ll, la, lv, lr, lh, _), _ when lh > height right + 1 -> balance origin ll la lv (join origin lr at value right)
        | _, SampleNode(rl, ra, rv, rr, rh, _) when rh > height left + 1 -> balance origin (join origin left at value rl) ra rv rr
        | _ -> node origin left at value right

    /// `at` is not older than the newest sample.
    let append origin at value tree = join origin tree at value NoSamples

    /// Without the samples at `until` and before.
    let rec dropTo origin (until: int64<ms>) tree =
        match tree with
        | NoSamples -> NoSamples
        | SampleNode(_, at, _, right, _, _) when at <= until -> dropTo origin until right
        | SampleNode(left, at, value, right, _, _) ->
            match dropTo origin until left with
            | kept when obj.ReferenceEquals(kept, left) -> tree
            | kept -> join origin kept at value right

    /// Without its oldest sample.
    let rec dropOldest origin tree =
        match tree with
        | NoSamples -> NoSamples
        | SampleNode(NoSamples, _, _, right, _, _) -> right
        | SampleNode(left, at, value, right, _, _) -> balance origin (dropOldest origin left) at value right

    /// Summary of the samples later than `from`.
    let after origin (from: int64<ms>) tree : Summary =
        let rec go tree (newer: Summary) =
            match tree with
            | NoSamples -> newer
            | SampleNode(_, at, _, right, _, _) when at <= from -> go right newer
            | SampleNode(_, _, _, _, _, whole) when whole.First > from -> Summary.combine &whole &newer
            | SampleNode(left, at, value, right, _, _) ->
                let own, r = Summary.single origin at value, summary right
                let rest = Summary.combine &r &newer
                go left (Summary.combine &own &rest)

        go tree Summary.empty

    /// Folds the samples of `(from, until]` from the oldest on.
    let rec foldBetween (from: int64<ms>) (until: int64<ms>) folder state tree =
        match tree with
        | NoSamples -> state
        | SampleNode(left, at, value, right, _, _) ->
            let state = if at > from then foldBetween from until folder state left else state
            let state = if at > from && at <= until then folder state at value else state
            if at <= until then foldBetween from until folder state right else state
