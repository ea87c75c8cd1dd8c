/// Whether conditions can hold together, in Kleene's logic: comparisons of terms (Order), schedules (Timeline), and what is known.
/// Answers "no" only where it is certain; conditions that `hold for` a time are taken at the instant at which they do.
module internal Serverless.Rules.Analysis.Possible

open Serverless.Core
open Serverless.Rules.Analysis

type Demand =
    | IsTrue
    | IsFalse
    | NotTrue
    | NotFalse

/// What the conditions are about.
type World =
    { Find: string -> Metric option
      Timeline: Timeline.Timeline option
      /// Metrics that are unknown whatever happens: those that are sampled, while nothing runs.
      Unmeasured: string -> bool }

/// A way in which all demands are met.
type Branch =
    { Order: Order.Order
      /// Flags by name.
      Flags: (string * bool) list
      Inside: uint64
      Outside: uint64
      Known: Term list
      Unknown: Term list
      Sustained: struct (Condition * int64<ms>) list
      Unsustained: struct (Condition * int64<ms>) list }

let private start: Branch =
    { Order = Order.empty
      Flags = []
      Inside = 0UL
      Outside = 0UL
      Known = []
      Unknown = []
      Sustained = []
      Unsustained = [] }

/// The same condition with its timers' numbers left out.
let rec unnumbered (condition: Condition) : Condition =
    match condition with
    | Held(_, part, length) -> Held(0, unnumbered part, length)
    | And parts -> And(List.map unnumbered parts)
    | Or parts -> Or(List.map unnumbered parts)
    | Not part -> Not(unnumbered part)
    | leaf -> leaf

/// Whether the window of the second is known wherever that of the first is.
let private implies (find: string -> Metric option) (first: Term) (second: Term) : bool =
    let needsTwo term =
        match term with
        | Over((RateOf | Forecast _), _, _) -> true
        | _ -> false

    match first, second with
    | _ when first = second -> true
    | (Over(_, name, _) | Metric name), Metric other -> name = other
    | Over(_, name, width), Over(_, other, narrow) when name = other && not (needsTwo second) ->
        // Gaps of a wide window are gaps of a narrower one, unless that is so narrow that the newest sample is not in it.
        width = narrow || (width > narrow && (find name |> Option.exists (fun metric -> narrow >= metric.Stale)))
    | _ -> false

[<Sealed>]
type Search(world: World) =
    /// Steps left for one question.
    let mutable left = 0
    let mutable gaveUp = false

    let isFact name = world.Find name |> Option.exists (fun metric -> metric.Class = Fact)

    let isSample term =
        match term with
        | Literal _ -> false
        | Metric name
        | Over(_, name, _) -> not (isFact name)

    let isUnmeasured term =
        match term with
        | Literal _ -> false
        | Metric name
        | Over(_, name, _) -> not (isFact name) && world.Unmeasured name

    let know (term: Term) (branch: Branch) : Branch voption =
        if not (isSample term) then ValueSome branch
        elif isUnmeasured term || branch.Unknown |> List.exists (fun unknown -> implies world.Find term unknown) then ValueNone
        else ValueSome { branch with Known = term :: branch.Known }

    let forget (term: Term) (branch: Branch) : Branch voption =
        if not (isSample term) || branch.Known |> List.exists (fun known -> implies world.Find known term) then ValueNone
        else ValueSome { branch with Unknown = term :: branch.Unknown }

    let compared left comparison right (branch: Branch) : Branch voption =
        match know left branch |> ValueOption.bind (know right) with
        | ValueNone -> ValueNone
        | ValueSome branch ->
            match Order.add world.Find left comparison right branch.Order with
            | ValueSome order -> ValueSome { branch with Order = order }
            | ValueNone -> ValueNone

    let flagged name value (branch: Branch) : Branch voption =
        if List.contains (name, not value) branch.Flags then ValueNone
        else know (Metric name) branch |> ValueOption.map (fun branch -> { branch with Flags = (name, value) :: branch.Flags })

    let during name isInside (branch: Branch) : Branch voption =
        match world.Timeline with
        | None -> ValueSome branch
        | Some timeline ->
            let bit = Timeline.bit timeline name

            if isInside then
                if branch.Outside &&& bit <> 0UL then ValueNone else ValueSome { branch with Inside = branch.Inside ||| bit }
            elif branch.Inside &&& bit <> 0UL then ValueNone
            else ValueSome { branch with Outside = branch.Outside ||| bit }

    member _.World = world
    /// Some question was too large to answer, and counted as possible.
    member _.GaveUp = gaveUp

    /// Visits the ways in which all demands are met, until a visit says that it is enough; true then, and when it gave up.
    member this.Any(goals: struct (Demand * Condition) list, visit: Branch -> bool) : bool =
        left <- 4_000
        let found = this.Solve(start, goals, [], visit)
        if left <= 0 then gaveUp <- true
        found || left <= 0

    member this.IsPossible(goals: struct (Demand * Condition) list) : bool =
        match goals with
        // The commonest question by far.
        | [ struct ((IsTrue | IsFalse) as demand, Compare(term, comparison, (Literal _ as bound))) ] when not term.IsLiteral ->
            let comparison = if demand = IsTrue then comparison else Order.opposite comparison

            match Order.add world.Find term comparison bound Order.empty with
            | ValueSome order -> not (isUnmeasured term) && Order.isPossible world.Find order
            | ValueNone -> false
        | _ -> this.Any(goals, fun _ -> true)

    /// The first whose demand is met has the second met too.
    member this.Implies(goals: struct (Demand * Condition) list, goal: struct (Demand * Condition)) : bool =
        let struct (demand, condition) = goal

        let otherwise =
            match demand with
            | IsTrue -> NotTrue
            | IsFalse -> NotFalse
            | NotTrue -> IsTrue
            | NotFalse -> IsFalse

        not (this.IsPossible(struct (otherwise, condition) :: goals))

    member private _.IsConsistent(branch: Branch) : bool =
        let schedules =
            branch.Inside ||| branch.Outside = 0UL
            || (match world.Timeline with
                | None -> true
                | Some timeline ->
                    timeline.Combinations
                    |> Array.exists (fun holding -> holding &&& branch.Inside = branch.Inside && holding &&& branch.Outside = 0UL))

        // What has held for a while has held for less, and so has the same.
        let sustained =
            branch.Unsustained
            |> List.forall (fun (struct (condition, length)) ->
                branch.Sustained |> List.forall (fun (struct (other, longer)) -> longer < length || other <> condition))

        schedules && sustained && Order.isPossible world.Find branch.Order

    member private this.Solve(branch: Branch, goals: struct (Demand * Condition) list, later: struct (Demand * Condition) list, visit: Branch -> bool) : bool =
        left <- left - 1

        if left <= 0 then
            false
        else
            let go next rest =
                match next with
                | ValueSome branch -> this.Solve(branch, rest, later, visit)
                | ValueNone -> false

            match goals with
            | [] ->
                match later with
                | [] -> this.IsConsistent branch && visit branch
                | goal :: others -> this.Choose(branch, goal, others, visit)
            | (struct (demand, condition) as goal) :: rest ->
                match condition, demand with
                | Constant value, (IsTrue | NotFalse) -> value && this.Solve(branch, rest, later, visit)
                | Constant value, (IsFalse | NotTrue) -> not value && this.Solve(branch, rest, later, visit)
                | Not part, _ ->
                    let turned =
                        match demand with
                        | IsTrue -> IsFalse
                        | IsFalse -> IsTrue
                        | NotTrue -> NotFalse
                        | NotFalse -> NotTrue

                    this.Solve(branch, struct (turned, part) :: rest, later, visit)
                | And parts, (IsTrue | NotFalse)
                | Or parts, (IsFalse | NotTrue) -> this.Solve(branch, (parts |> List.map (fun part -> struct (demand, part))) @ rest, later, visit)
                | During name, _ -> go (during name (demand = IsTrue || demand = NotFalse) branch) rest
                | Compare(a, comparison, b), IsTrue -> go (compared a comparison b branch) rest
                | Compare(a, comparison, b), IsFalse -> go (compared a (Order.opposite comparison) b branch) rest
                | Compare(a, comparison, b), NotFalse when not (isSample a || isSample b) -> go (compared a comparison b branch) rest
                | Compare(a, comparison, b), NotTrue when not (isSample a || isSample b) -> go (compared a (Order.opposite comparison) b branch) rest
                | IsSet name, IsTrue -> go (flagged name true branch) rest
                | IsSet name, IsFalse -> go (flagged name false branch) rest
                | Held(_, part, length), IsTrue ->
                    let sustained = { branch with Sustained = struct (unnumbered part, length) :: branch.Sustained }
                    this.Solve(sustained, struct (IsTrue, part) :: rest, later, visit)
                | Held(_, part, _), NotFalse -> this.Solve(branch, struct (NotFalse, part) :: rest, later, visit)
                // False also while it has not been true for long enough.
                | Held(_, part, length), (IsFalse | NotTrue) ->
                    this.Solve({ branch with Unsustained = struct (unnumbered part, length) :: branch.Unsustained }, rest, later, visit)
                | _ -> this.Solve(branch, rest, goal :: later, visit)

    /// One way after the other.
    member private this.Choose(branch: Branch, struct (demand, condition), others, visit: Branch -> bool) : bool =
        let some ways = ways |> List.exists (fun way -> this.Solve(branch, [ way ], others, visit))
        let unknown term = match forget term branch with ValueSome branch -> this.Solve(branch, [], others, visit) | ValueNone -> false

        match condition, demand with
        | And parts, _
        | Or parts, _ -> some (parts |> List.map (fun part -> struct (demand, part)))
        | Compare(a, _, b), _ -> some [ struct ((if demand = NotTrue then IsFalse else IsTrue), condition) ] || unknown a || unknown b
        | IsSet name, _ -> some [ struct ((if demand = NotTrue then IsFalse else IsTrue), condition) ] || unknown (Metric name)
        | _ -> some [ struct (demand, condition) ]
