namespace Serverless.Rules

/// Draws of one case, one after the other: the same for the same seed and case, on every machine and in every version.
[<Sealed>]
type internal Draw(seed: uint64, case: int64) =
    let mutable place = 0

    /// From 0 to `below` - 1.
    member _.Below(below: int) : int =
        place <- place + 1
        Noise.at seed place case below

    member draw.Chance(percent: int) : bool = draw.Below 100 < percent

    /// Both included.
    member draw.Between(first: int, last: int) : int = first + draw.Below(last - first + 1)

    member draw.Pick(all: 'a list) : 'a = all[draw.Below all.Length]

    /// One of these by its weight.
    member draw.Weighed(all: (int * 'a) list) : 'a =
        let rec go rest (all: (int * 'a) list) =
            match all with
            | [ _, last ] -> last
            | (weight, one) :: _ when rest < weight -> one
            | (weight, _) :: others -> go (rest - weight) others
            | [] -> invalidArg (nameof all) "there is nothing to draw"

        go (draw.Below(all |> List.sumBy fst)) all
