/// Truth as it unfolds after a resize: windows fill, and conditions hold for their time. Times are since the resize.
module internal Serverless.Rules.Analysis.Flapping.Unfolding

open Serverless.Core
open Serverless.Rules.Analysis

let never: int64<ms> = Timeline.Endless / 4L

/// Each entry holds from its time on; the first is at 0, times increase, and neighbours differ.
type Unfolding = (struct (int64<ms> * Kleene)) list

let always (truth: Kleene) : Unfolding = [ struct (0L<ms>, truth) ]

/// Unknown until a time, then for ever this.
let from (time: int64<ms>) (truth: Kleene) : Unfolding =
    if time <= 0L<ms> then always truth else [ struct (0L<ms>, Kleene.Unknown); struct (time, truth) ]

let private compact (unfolding: Unfolding) : Unfolding =
    let rec go (last: Kleene voption) (rest: Unfolding) =
        match rest with
        | [] -> []
        | struct (_, truth) :: more when last = ValueSome truth -> go last more
        | struct (time, truth) :: more -> struct (time, truth) :: go (ValueSome truth) more

    go ValueNone unfolding

let map (change: Kleene -> Kleene) (unfolding: Unfolding) : Unfolding =
    unfolding |> List.map (fun (struct (time, truth)) -> struct (time, change truth)) |> compact

/// Two together, at every time at which either changes.
let merge (combine: Kleene -> Kleene -> Kleene) (first: Unfolding) (second: Unfolding) : Unfolding =
    let rec go (a: Kleene) (b: Kleene) (first: Unfolding) (second: Unfolding) =
        match first, second with
        | [], [] -> []
        | struct (time, truth) :: rest, [] -> struct (time, combine truth b) :: go truth b rest []
        | [], struct (time, truth) :: rest -> struct (time, combine a truth) :: go a truth [] rest
        | struct (early, x) :: more, struct (late, y) :: others ->
            if early < late then struct (early, combine x b) :: go x b more second
            elif late < early then struct (late, combine a y) :: go a y first others
            else struct (early, combine x y) :: go x y more others

    match first, second with
    | [ struct (_, a) ], [ struct (_, b) ] -> always (combine a b)
    | _ -> go Kleene.Unknown Kleene.Unknown first second |> compact

/// True once it has been true for so long; what is true from the start has been true before the resize too.
let sustain (length: int64<ms>) (unfolding: Unfolding) : Unfolding =
    let rec go (rest: Unfolding) =
        match rest with
        | struct (0L<ms>, Kleene.True) :: more -> struct (0L<ms>, Kleene.True) :: go more
        | struct (time, Kleene.True) :: more ->
            let until =
                match more with
                | struct (next, _) :: _ -> next
                | [] -> never

            let after = time + length
            let lasting = if after < until then [ struct (after, Kleene.True) ] else []
            struct (time, Kleene.False) :: lasting @ go more
        | entry :: more -> entry :: go more
        | [] -> []

    go unfolding |> compact

/// When a rule proposes its action: while its condition is true, or once that was true until the release is; a resize disarms it.
let proposing (condition: Unfolding) (release: Unfolding voption) : (struct (int64<ms> * bool)) list =
    match release with
    | ValueNone -> condition |> List.map (fun (struct (time, truth)) -> struct (time, (truth = Kleene.True)))
    | ValueSome release ->
        let rec go isArmed (holds: Kleene) (released: Kleene) (first: Unfolding) (second: Unfolding) =
            let step time holds released more others =
                let isArmed = (isArmed || holds = Kleene.True) && released <> Kleene.True
                struct (time, (isArmed && released = Kleene.False)) :: go isArmed holds released more others

            match first, second with
            | [], [] -> []
            | struct (time, truth) :: rest, [] -> step time truth released rest []
            | [], struct (time, truth) :: rest -> step time holds truth [] rest
            | struct (early, x) :: more, struct (late, y) :: others ->
                if early < late then step early x released more second
                elif late < early then step late holds y first others
                else step early x y more others

        go false Kleene.Unknown Kleene.Unknown condition release
