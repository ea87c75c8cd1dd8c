/// Sets of comparisons, and whether values exist that satisfy all of them. Exact but for one thing: among very many terms, a circle of
/// strict comparisons may be overlooked, and then the set counts as possible.
module internal Serverless.Rules.Analysis.Order

open Serverless.Core
open Serverless.Rules
open Serverless.Rules.Analysis.Ranges

/// `Below`: the first is at most the second, or strictly below it. A literal stands only in `Apart`, on the right.
type Order =
    { Ranges: struct (Term * Interval) list
      Below: struct (Term * Term * bool) list
      Apart: struct (Term * Term) list }

let empty: Order = { Ranges = []; Below = []; Apart = [] }

/// The newest sample of a measured metric is the same in every window that has it.
let private named (find: string -> Metric option) (term: Term) : Term =
    match term with
    | Over(Last, name, _) when (find name |> Option.exists (fun metric -> metric.Class = Sample)) -> Metric name
    | _ -> term

let private rangeOf find (order: Order) (term: Term) : Interval =
    let rec look (known: struct (Term * Interval) list) =
        match known with
        | struct (candidate, range) :: _ when candidate = term -> range
        | _ :: rest -> look rest
        | [] -> ofTerm find term

    look order.Ranges

let private bounded find (order: Order) (term: Term) (comparison: Comparison) (value: int64) : Order voption =
    let range = rangeOf find order term

    let narrowed =
        match comparison with
        | Less -> below value true range
        | LessOrEqual -> below value false range
        | Greater -> above value true range
        | GreaterOrEqual -> above value false range
        | Equal -> range |> above value false |> below value false
        | NotEqual -> range

    if isEmpty narrowed then ValueNone
    else
        let order = { order with Ranges = struct (term, narrowed) :: order.Ranges }
        ValueSome(if comparison = NotEqual then { order with Apart = struct (term, Literal(Count, value)) :: order.Apart } else order)

let mirrored (comparison: Comparison) : Comparison =
    match comparison with
    | Less -> Greater
    | LessOrEqual -> GreaterOrEqual
    | Greater -> Less
    | GreaterOrEqual -> LessOrEqual
    | Equal -> Equal
    | NotEqual -> NotEqual

let opposite (comparison: Comparison) : Comparison =
    match comparison with
    | Less -> GreaterOrEqual
    | LessOrEqual -> Greater
    | Greater -> LessOrEqual
    | GreaterOrEqual -> Less
    | Equal -> NotEqual
    | NotEqual -> Equal

/// With one more comparison, of known values; none when it plainly contradicts the others.
let add (find: string -> Metric option) (left: Term) (comparison: Comparison) (right: Term) (order: Order) : Order voption =
    match named find left, named find right with
    | Literal(_, a), Literal(_, b) -> if Conditions.compare comparison a b then ValueSome order else ValueNone
    | term, Literal(_, value) -> bounded find order term comparison value
    | Literal(_, value), term -> bounded find order term (mirrored comparison) value
    | a, b when a = b -> if Conditions.compare comparison 0L 0L then ValueSome order else ValueNone
    | a, b ->
        let with' below = { order with Below = below @ order.Below }

        ValueSome(
            match comparison with
            | Less -> with' [ struct (a, b, true) ]
            | LessOrEqual -> with' [ struct (a, b, false) ]
            | Greater -> with' [ struct (b, a, true) ]
            | GreaterOrEqual -> with' [ struct (b, a, false) ]
            | Equal -> with' [ struct (a, b, false); struct (b, a, false) ]
            | NotEqual -> { order with Apart = struct (a, b) :: order.Apart }
        )

/// Whatever the samples are, the first is never above the second: a minimum and a maximum enclose all else of their window, and those
/// of a wider window all of a narrower one. The windows of facts, which may be empty, are compared at one width only.
let private alwaysBelow find (a: Term) (b: Term) : bool =
    let parts term =
        match term with
        | Over(kind, name, width) -> ValueSome(struct (kind, name, width))
        | Metric name when (find name |> Option.exists (fun (metric: Metric) -> metric.Class = Sample)) -> ValueSome(struct (Last, name, 0L<ms>))
        | _ -> ValueNone

    let inside kind =
        match kind with
        | Last
        | Avg
        | Max
        | Min
        | P50
        | P95
        | P99 -> true
        | _ -> false

    match parts a, parts b with
    | ValueSome(struct (first, name, width)), ValueSome(struct (second, other, otherWidth)) when name = other && inside first && inside second ->
        let isSample = find name |> Option.exists (fun metric -> metric.Class = Sample)
        let covers (wide: int64<ms>) (narrow: int64<ms>) = wide = narrow || (isSample && wide > narrow)

        match first, second with
        | Min, _ when covers width otherWidth -> true
        | _, Max when covers otherWidth width -> true
        | P50, (P95 | P99)
        | P95, P99 -> width = otherWidth
        | _ -> false
    | _ -> false

let private mostTerms = 16

/// Whether values exist that satisfy all comparisons of several terms.
let private arePossible (find: string -> Metric option) (order: Order) : bool =
    let terms =
        [ for struct (term, _) in order.Ranges do
              yield term
          for struct (a, b, _) in order.Below do
              yield a
              yield b
          for struct (a, b) in order.Apart do
              yield a
              yield b ]
        |> List.filter (fun term -> not term.IsLiteral)
        |> List.distinct
        |> Array.ofList

    let n = terms.Length
    let place term = System.Array.IndexOf(terms, term)
    let ranges = terms |> Array.map (rangeOf find order)

    let edges =
        [ for struct (a, b, strict) in order.Below do
              yield struct (place a, place b, strict)
          for i in 0 .. n - 1 do
              for j in 0 .. n - 1 do
                  if i <> j && alwaysBelow find terms[i] terms[j] then yield struct (i, j, false) ]

    // Nothing relates the terms to each other: each has its own range, and none of those is empty.
    if edges.IsEmpty && order.Apart.IsEmpty then true
    else
        // 0: not below, 1: at most, 2: strictly below
        let reach = Array2D.zeroCreate n n

        if n <= mostTerms then
            for struct (i, j, strict) in edges do
                reach[i, j] <- max reach[i, j] (if strict then 2 else 1)

            for k in 0 .. n - 1 do
                for i in 0 .. n - 1 do
                    for j in 0 .. n - 1 do
                        if reach[i, k] > 0 && reach[k, j] > 0 then
                            reach[i, j] <- max reach[i, j] (max reach[i, k] reach[k, j])

        let circle = n <= mostTerms && Seq.exists (fun i -> reach[i, i] = 2) (seq { 0 .. n - 1 })

        let spread () =
            for struct (i, j, strict) in edges do
                if hasLow ranges[i] then ranges[j] <- above ranges[i].Low (strict || ranges[i].LowOpen) ranges[j]
                if hasHigh ranges[j] then ranges[i] <- below ranges[j].High (strict || ranges[j].HighOpen) ranges[i]

            for struct (a, b) in order.Apart do
                match b with
                | Literal(_, value) ->
                    let i = place a
                    let range = ranges[i]
                    if range.Low = value then ranges[i] <- above value true range
                    if range.High = value then ranges[i] <- below value true ranges[i]
                | _ -> ()

        for _ in 0..n do
            spread ()

        let isOne i = isSingle ranges[i]

        let collides (struct (a, b)) =
            match b with
            | Literal _ -> false
            | _ ->
                let i, j = place a, place b
                (reach[i, j] > 0 && reach[j, i] > 0) || (isOne i && isOne j && ranges[i].Low = ranges[j].Low)

        not circle && not (Array.exists isEmpty ranges) && not (List.exists collides order.Apart)

/// Whether values exist that satisfy all comparisons.
let isPossible (find: string -> Metric option) (order: Order) : bool =
    let name term =
        match term with
        | Metric name
        | Over(_, name, _) -> name
        | Literal _ -> ""

    /// Terms of different metrics have nothing to do with each other.
    let rec apart (ranges: struct (Term * Interval) list) =
        match ranges with
        | [] -> true
        | struct (term, _) :: rest -> rest |> List.forall (fun (struct (other, _)) -> other = term || name other <> name term) && apart rest

    (order.Below.IsEmpty && order.Apart.IsEmpty && apart order.Ranges) || arePossible find order
