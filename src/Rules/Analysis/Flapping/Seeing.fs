/// What a condition sees under a constant load at one size: every window of a constant is that constant once it is known.
module internal Serverless.Rules.Analysis.Flapping.Seeing

open Serverless.Core
open Serverless.Rules
open Serverless.Rules.Analysis

/// Usage in basis points of the allocation.
type View =
    { Size: int64<mcu>
      Cpu: int64
      Memory: int64
      IsInside: string -> bool
      /// From the resize to the first sample after it.
      FirstSample: int64<ms> }

/// What a condition says where it depends on what does not follow from the load: nothing that makes a rule fire or a forbid block,
/// or unknown, which keeps a release from being certain.
type Guess =
    | Silent
    | Undecided

/// What a term is under a load.
type private Sight =
    | Value of int64 * knownAt: int64<ms>
    /// Larger than anything it is compared with, in the end.
    | Endless
    /// Does not follow from the load.
    | Free

/// Metrics that follow from the load: usage over the allocation.
let isLoad (metric: Metric) : bool = metric.Source = BuiltIn && metric.PerSize && (metric.Name = "cpu" || metric.Name = "memory")

let private isValue (kind: Aggregate) =
    match kind with
    | Last
    | Avg
    | Max
    | Min
    | P50
    | P95
    | P99 -> true
    | Forecast _
    | Sum
    | CountOf
    | RateOf -> false

/// The metric of a term that is its usage under a constant load.
let loadOf (find: string -> Metric option) (term: Term) : Metric option =
    match term with
    | Metric name -> find name |> Option.filter isLoad
    // A line needs two samples, and a window of two periods has only one for a moment each time.
    | Over(Forecast _, name, width) -> find name |> Option.filter (fun metric -> isLoad metric && width >= 3L * metric.Period)
    | Over(kind, name, _) when isValue kind -> find name |> Option.filter isLoad
    | _ -> None

/// When a window is known: with a sample, or when the gap from its beginning to the first sample is within the staleness.
let private knownAt (view: View) (metric: Metric) (term: Term) : int64<ms> =
    match term with
    | Over(kind, _, width) ->
        // A line needs two samples.
        let least = match kind with Forecast _ -> metric.Period | _ -> 0L<ms>
        let filled = width - metric.Stale
        view.FirstSample + max filled least
    | _ -> view.FirstSample

/// When the average that a Track rule follows is known.
let trackedAt find (view: View) (name: string) (width: int64<ms>) : int64<ms> =
    match find name with
    | Some metric -> knownAt view metric (Over(Avg, name, width))
    | None -> Unfolding.never

let private look find (view: View) (term: Term) : Sight =
    match term with
    | Literal(_, value) -> Value(value, 0L<ms>)
    | Metric "size" -> Value(int64 view.Size, 0L<ms>)
    // A load runs statements, and goes on for ever.
    | Metric "idle" -> Value(0L, 0L<ms>)
    | Metric "compute.age" -> Endless
    | _ ->
        match loadOf find term with
        | Some metric -> Value((if metric.Name = "cpu" then view.Cpu else view.Memory), knownAt view metric term)
        | None -> Free

/// The terms of a condition that do not follow from the load, as they are written. Two metrics of the load do not follow from each other.
let rec frees (find: string -> Metric option) (condition: Condition) : string list =
    match condition with
    | Constant _
    | During _ -> []
    | IsSet name -> [ name ]
    | Compare(a, _, b) ->
        let load term = loadOf find term |> Option.map _.Name
        let known term = match term with Literal _ | Metric("size" | "idle" | "compute.age") -> true | _ -> (load term).IsSome

        match [ a; b ] |> List.filter (known >> not) with
        | [] when (load a).IsSome && (load b).IsSome && load a <> load b -> [ PolicyText.term a + " beside " + PolicyText.term b ]
        | unknown -> unknown |> List.map PolicyText.term
    | And parts
    | Or parts -> parts |> List.collect (frees find)
    | Not part
    | Held(_, part, _) -> frees find part

let isFree find condition : bool = not (frees find condition).IsEmpty

let rec private readsSize (condition: Condition) = Conditions.metrics condition |> List.contains "size"

let private compared find (view: View) left comparison right : Unfolding.Unfolding =
    match look find view left, look find view right with
    | Value(a, early), Value(b, late) -> Unfolding.from (max early late) (Kleene.ofBool (Conditions.compare comparison a b))
    | Endless, Value(_, known) -> Unfolding.from known (Kleene.ofBool (Conditions.compare comparison 1L 0L))
    | Value(_, known), Endless -> Unfolding.from known (Kleene.ofBool (Conditions.compare comparison 0L 1L))
    | Endless, Endless -> Unfolding.always (Kleene.ofBool (Conditions.compare comparison 0L 0L))
    | Free, _
    | _, Free -> Unfolding.always Kleene.Unknown

/// How the condition unfolds after a resize to the view's size.
let unfold (find: string -> Metric option) (guess: Guess) (view: View) (condition: Condition) : Unfolding.Unfolding =
    let free isPositive =
        match guess with
        | Undecided -> Kleene.Unknown
        | Silent -> Kleene.ofBool (not isPositive)

    let rec go isPositive condition : Unfolding.Unfolding =
        match condition with
        | Constant value -> Unfolding.always (Kleene.ofBool value)
        | During name -> Unfolding.always (Kleene.ofBool (view.IsInside name))
        | IsSet _ -> Unfolding.always (free isPositive)
        | Compare _ when isFree find condition -> Unfolding.always (free isPositive)
        | Compare(a, comparison, b) -> compared find view a comparison b
        | Not part -> go (not isPositive) part |> Unfolding.map Kleene.negate
        | And parts -> parts |> List.map (go isPositive) |> List.fold (Unfolding.merge Kleene.both) (Unfolding.always Kleene.True)
        | Or parts -> parts |> List.map (go isPositive) |> List.fold (Unfolding.merge Kleene.either) (Unfolding.always Kleene.False)
        | Held(_, part, length) ->
            match go isPositive part with
            // True from the resize on, and dependent on the size: since when depends on the sizes before.
            | struct (0L<ms>, Kleene.True) :: _ when readsSize part -> Unfolding.always (free isPositive)
            | unfolding -> Unfolding.sustain length unfolding

    go true condition
