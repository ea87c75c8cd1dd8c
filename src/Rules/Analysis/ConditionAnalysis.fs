/// Conditions by themselves: those that can never hold or always do, releases that undo their rule, and times that nothing lasts for.
module internal Serverless.Rules.Analysis.ConditionAnalysis

open Serverless.Core
open Serverless.Rules
open Serverless.Rules.Analysis.Possible

let private shown = PolicyText.condition

let rec private comparisons (condition: Condition) : Condition list =
    match condition with
    | Compare(Literal _, _, Literal _)
    | Constant _
    | IsSet _
    | During _ -> []
    | Compare _ -> [ condition ]
    | Not part
    | Held(_, part, _) -> comparisons part
    | And parts
    | Or parts -> List.collect comparisons parts

let rec private held (condition: Condition) : struct (Condition * int64<ms>) list =
    match condition with
    | Held(_, part, length) -> struct (part, length) :: held part
    | Not _
    | Constant _
    | Compare _
    | IsSet _
    | During _ -> []
    | And parts
    | Or parts -> List.collect held parts

/// The parts that must all hold, nested ones too.
let rec private conjuncts (condition: Condition) : Condition list =
    match condition with
    | And parts -> List.collect conjuncts parts
    | Held(_, part, _) -> conjuncts part
    | other -> [ other ]

/// The fewest parts to blame: one that cannot hold, or two that exclude each other; all of them when it takes more.
let private culprits (search: Search) (condition: Condition) : Condition list =
    let parts = conjuncts condition |> List.truncate 40
    let excluded parts = not (search.IsPossible(parts |> List.map (fun part -> struct (IsTrue, part))))

    match parts |> List.tryFind (fun part -> excluded [ part ]) with
    | Some part -> [ part ]
    | None ->
        List.allPairs (List.indexed parts) (List.indexed parts)
        |> List.tryPick (fun ((i, a), (j, b)) -> if i < j && excluded [ a; b ] then Some [ a; b ] else None)
        |> Option.defaultValue parts

/// A fact that grows by itself stays between two bounds for so long.
let private growing (context: Context) (branch: Branch) : int64<ms> =
    branch.Order.Ranges
    |> List.fold
        (fun longest (struct (term, range)) ->
            match term with
            | Metric("idle" | "compute.age") when Ranges.hasHigh range && range.Low > 0L -> min longest ((range.High - range.Low) * 1L<ms>)
            | Metric "compute.age" when Ranges.hasHigh range -> min longest (range.High * 1L<ms>)
            | _ -> longest)
        Timeline.Endless

/// The schedules that this way of holding names let it last for so long.
let private scheduled (context: Context) (branch: Branch) : int64<ms> =
    match context.Timeline with
    | Some timeline when branch.Inside ||| branch.Outside <> 0UL ->
        Timeline.longest timeline (fun holding -> holding &&& branch.Inside = branch.Inside && holding &&& branch.Outside = 0UL)
    | _ -> Timeline.Endless

/// The longest time for which the condition can hold without a gap, where each way of holding is one whole: ways that take turns last
/// longer together, so nothing is said of a condition with several.
let private lasting (context: Context) (condition: Condition) : int64<ms> =
    let mutable ways = 0
    let mutable longest = 0L<ms>

    let several =
        context.Running.Any(
            [ struct (IsTrue, condition) ],
            fun branch ->
                ways <- ways + 1
                longest <- min (growing context branch) (scheduled context branch)
                ways > 1
        )

    if several then Timeline.Endless else longest

let private checkOne (context: Context) (place: Place) (at: Span) (what: string) (condition: Condition) : bool =
    let search = context.Running

    if (Conditions.constant condition).IsSome then
        true
    elif not (search.IsPossible [ struct (IsTrue, condition) ]) then
        context.Report(place, at, Contradiction(what, culprits search condition |> List.map shown))
        false
    else
        for struct (part, length) in held condition do
            let longest = lasting context part

            if longest < length then
                context.Report(place, at, HeldTooLong(shown part, int64 length, int64 longest))

        let parts = comparisons condition |> List.distinct
        let whole = not (search.IsPossible [ struct (IsFalse, condition) ])

        for part in parts do
            if not (search.IsPossible [ struct (IsTrue, part) ]) then
                context.Report(place, at, Contradiction("part", [ shown part ]))
            elif not (search.IsPossible [ struct (IsFalse, part) ]) then
                context.Report(place, at, AlwaysTrue(shown part))

        if whole && not parts.IsEmpty && parts |> List.forall (fun part -> search.IsPossible [ struct (IsFalse, part) ]) then
            context.Report(place, at, AlwaysTrue(shown condition))

        true

let private checkRelease (context: Context) (place: Place) (rule: Rule) (release: Condition) =
    if checkOne context place place.Until "release" release then
        let search = context.Running

        match Conditions.constant rule.When with
        | Some false -> ()
        | _ when Conditions.constant release = Some false -> context.Report(place, place.Until, Contradiction("release", [ shown release ]))
        | _ ->
            if search.Implies([ struct (IsTrue, rule.When) ], struct (IsTrue, release)) then
                context.Report(place, place.Until, ReleasedAtOnce(shown rule.When, shown release))

let check (context: Context) : unit =
    for rule in context.Policy.Rules do
        let place = context.Place rule.Origin

        if checkOne context place place.When "rule" rule.When then
            rule.Until |> Option.iter (checkRelease context place rule)

    for forbid in context.Policy.Forbids do
        let place = context.Place forbid.Origin
        checkOne context place place.When "forbid" forbid.When |> ignore
