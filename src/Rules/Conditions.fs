/// What can be said of a condition without running it.
module Serverless.Rules.Conditions

open Serverless.Core

let compare (operator: Comparison) (left: int64) (right: int64) : bool =
    match operator with
    | Less -> left < right
    | LessOrEqual -> left <= right
    | Greater -> left > right
    | GreaterOrEqual -> left >= right
    | Equal -> left = right
    | NotEqual -> left <> right

/// True or false whatever is measured; None where it depends.
let rec constant (condition: Condition) : bool option =
    match condition with
    | Constant value -> Some value
    | Compare(Literal(_, left), operator, Literal(_, right)) -> Some(compare operator left right)
    | Compare _
    | IsSet _
    | During _ -> None
    | Not inner -> constant inner |> Option.map not
    | Held(_, inner, _) -> if constant inner = Some false then Some false else None
    | And all ->
        let parts = all |> List.map constant

        if List.contains (Some false) parts then Some false
        elif parts |> List.forall ((=) (Some true)) then Some true
        else None
    | Or any ->
        let parts = any |> List.map constant

        if List.contains (Some true) parts then Some true
        elif parts |> List.forall ((=) (Some false)) then Some false
        else None

/// The metrics that a term or condition reads.
let rec metrics (condition: Condition) : string list =
    let ofTerm term =
        match term with
        | Literal _ -> []
        | Metric name
        | Over(_, name, _) -> [ name ]

    match condition with
    | Constant _
    | During _ -> []
    | IsSet metric -> [ metric ]
    | Compare(left, _, right) -> ofTerm left @ ofTerm right
    | Not inner
    | Held(_, inner, _) -> metrics inner
    | And parts
    | Or parts -> parts |> List.collect metrics

/// What metrics, or aggregates of them, are compared with.
let rec thresholds (condition: Condition) : (string * int64) list =
    match condition with
    | Compare((Metric name | Over(_, name, _)), _, Literal(_, value))
    | Compare(Literal(_, value), _, (Metric name | Over(_, name, _))) -> [ name, value ]
    | And parts
    | Or parts -> parts |> List.collect thresholds
    | Not part
    | Held(_, part, _) -> thresholds part
    | Compare _
    | Constant _
    | IsSet _
    | During _ -> []

/// How far back it looks: windows, each `for` with and without what is inside of it, and the times that `idle` and others are compared with.
let rec times (condition: Condition) : int64<ms> list =
    let ofTerm term =
        match term with
        | Over(_, _, width) -> [ width ]
        | Literal(Duration, value) when value > 0L -> [ value * 1L<ms> ]
        | _ -> []

    match condition with
    | Compare(left, _, right) -> ofTerm left @ ofTerm right
    | Not inner -> times inner
    | Held(_, inner, width) ->
        let inside = times inner
        width :: width + List.fold max 0L<ms> inside :: inside
    | And parts
    | Or parts -> parts |> List.collect times
    | Constant _
    | IsSet _
    | During _ -> []

/// Gives every `for` its number, counting on from one.
let rec number (next: int) (condition: Condition) : Condition * int =
    match condition with
    | Held(_, inner, width) ->
        let inner, after = number (next + 1) inner
        Held(next, inner, width), after
    | Not inner ->
        let inner, after = number next inner
        Not inner, after
    | And parts ->
        let parts, after = List.mapFold number next parts
        And parts, after
    | Or parts ->
        let parts, after = List.mapFold number next parts
        Or parts, after
    | leaf -> leaf, next
