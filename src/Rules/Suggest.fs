/// "Did you mean": the nearest of the names that would be right.
module Serverless.Rules.Suggest

open System

/// Edit distance with neighbours swapped as one edit (optimal string alignment).
let distance (a: string) (b: string) : int =
    let rows = Array2D.zeroCreate (a.Length + 1) (b.Length + 1)

    for i in 0 .. a.Length do
        rows[i, 0] <- i

    for j in 0 .. b.Length do
        rows[0, j] <- j

    for i in 1 .. a.Length do
        for j in 1 .. b.Length do
            let cost = if Char.ToLowerInvariant a[i - 1] = Char.ToLowerInvariant b[j - 1] then 0 else 1
            let best = min (min (rows[i - 1, j] + 1) (rows[i, j - 1] + 1)) (rows[i - 1, j - 1] + cost)

            rows[i, j] <-
                if i > 1 && j > 1 && a[i - 1] = b[j - 2] && a[i - 2] = b[j - 1] then
                    min best (rows[i - 2, j - 2] + 1)
                else
                    best

    rows[a.Length, b.Length]

/// The nearest name, if one is near enough to be meant. Bounded: long names and long lists are not searched to the end.
let nearest (name: string) (among: string seq) : string option =
    if name.Length = 0 || name.Length > 64 then
        None
    else
        let reach = max 1 (name.Length / 3)

        among
        |> Seq.truncate 1500
        |> Seq.filter (fun other -> abs (other.Length - name.Length) <= reach)
        |> Seq.map (fun other -> distance name other, other)
        |> Seq.filter (fun (edits, other) -> edits <= reach && edits < max name.Length other.Length)
        // Of two that are as near, the one that was begun is meant: `Gi` is `GiB`, not `GB`.
        |> Seq.sortBy (fun (edits, other) -> edits, not (other.StartsWith(name, StringComparison.OrdinalIgnoreCase)), other)
        |> Seq.tryHead
        |> Option.map snd
