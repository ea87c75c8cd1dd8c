namespace Serverless.Core

/// A persistent multiset of values that knows its order statistics: percentiles are exact and cost a logarithm.
[<NoEquality; NoComparison>]
type internal Ranked =
    | NoValues
    | RankedNode of left: Ranked * value: int64 * copies: int * right: Ranked * height: int * count: int

module internal Ranked =
    let private height =
        function
        | NoValues -> 0
        | RankedNode(_, _, _, _, h, _) -> h

    let count =
        function
        | NoValues -> 0
        | RankedNode(_, _, _, _, _, c) -> c

    let private node left value copies right =
        RankedNode(left, value, copies, right, 1 + max (height left) (height right), count left + copies + count right)

    let private balance left value copies right =
        match left, right with
        | RankedNode(ll, lv, lc, lr, lh, _), _ when lh > height right + 1 ->
            match lr with
            | RankedNode(lrl, lrv, lrc, lrr, lrh, _) when lrh > height ll -> node (node ll lv lc lrl) lrv lrc (node lrr value copies right)
            | _ -> node ll lv lc (node lr value copies right)
        | _, RankedNode(rl, rv, rc, rr, rh, _) when rh > height left + 1 ->
            match rl with
            | RankedNode(rll, rlv, rlc, rlr, rlh, _) when rlh > height rr -> node (node left value copies rll) rlv rlc (node rlr rv rc rr)
            | _ -> node (node left value copies rl) rv rc rr
        | _ -> node left value copies right

    let rec add (item: int64) tree =
        match tree with
        | NoValues -> node NoValues item 1 NoValues
        | RankedNode(left, value, copies, right, _, _) ->
            if item < value then balance (add item left) value copies right
            elif item > value then balance left value copies (add item right)
            else node left value (copies + 1) right

    /// The smallest value with its copies, and the rest; `left`, `value`, `copies`, `right` are a node taken apart.
    let rec private takeLeast left value copies right =
        match left with
        | NoValues -> struct (value, copies, right)
        | RankedNode(ll, lv, lc, lr, _, _) ->
            let struct (least, many, rest) = takeLeast ll lv lc lr
            struct (least, many, balance rest value copies right)

    /// Without one copy of the item; unchanged when it is not there.
    let rec remove (item: int64) tree =
        match tree with
        | NoValues -> NoValues
        | RankedNode(left, value, copies, right, _, _) ->
            if item < value then balance (remove item left) value copies right
            elif item > value then balance left value copies (remove item right)
            elif copies > 1 then node left value (copies - 1) right
            else
                match right with
                | NoValues -> left
                | RankedNode(rl, rv, rc, rr, _, _) ->
                    let struct (next, many, rest) = takeLeast rl rv rc rr
                    balance left next many rest

    /// The value at this rank, from 1 on.
    let rec private at rank tree =
        match tree with
        | NoValues -> 0L
        | RankedNode(left, value, copies, right, _, _) ->
            let below = count left
            if rank <= below then at rank left
            elif rank <= below + copies then value
            else at (rank - below - copies) right

    /// Nearest rank: the smallest value that at least `percent` per cent of the values do not exceed.
    let percentile (percent: int) tree : int64 voption =
        match count tree with
        | 0 -> ValueNone
        | n -> ValueSome(at (max 1 ((n * percent + 99) / 100)) tree)
