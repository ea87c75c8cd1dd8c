/// Turns a policy into its plan: names become places, order is forgotten.
module internal Serverless.Core.Planning

let rec private leaves condition =
    match condition with
    | Constant _
    | During _ -> []
    | Compare(left, _, right) -> [ left; right ]
    | IsSet metric -> [ Metric metric ]
    | And parts
    | Or parts -> List.collect leaves parts
    | Not part
    | Condition.Held(_, part, _) -> leaves part

let rec private timers condition =
    match condition with
    | Constant _
    | During _
    | Compare _
    | IsSet _ -> []
    | And parts
    | Or parts -> List.collect timers parts
    | Not part -> timers part
    | Condition.Held(timer, part, _) -> timer :: timers part

let private tracked (rule: Rule) =
    match rule.Action with
    | Track(metric, width, _) -> ValueSome(Over(Avg, metric, width))
    | _ -> ValueNone

/// What is read by rules, and by these forbids.
let private termsOf (forbids: Forbid list) (policy: Policy) =
    let ofRule (rule: Rule) =
        leaves rule.When
        @ (rule.Until |> Option.map leaves |> Option.defaultValue [])
        @ (match tracked rule with
           | ValueSome term -> [ term ]
           | ValueNone -> [])

    List.collect ofRule policy.Rules @ (forbids |> List.collect (fun forbid -> leaves forbid.When))

let private terms (policy: Policy) = termsOf policy.Forbids policy

/// A forbid that blocks nothing only watches, and must not change how often what decides is sampled.
let private decidingTerms (policy: Policy) = termsOf (policy.Forbids |> List.filter (fun forbid -> not forbid.Blocks.IsEmpty)) policy

let private slotOf (policy: Policy) (used: Term list) (name: string) : Slot option =
    let widths = used |> List.choose (function Over(_, metric, width) when metric = name -> Some width | _ -> None)

    let percentiles =
        used
        |> List.choose (function
            | Over((P50 | P95 | P99), metric, width) when metric = name -> Some width
            | _ -> None)
        |> List.distinct
        |> List.sort

    policy.Metrics
    |> List.tryFind (fun metric -> metric.Name = name)
    |> Option.map (fun metric ->
        let fact = if metric.Class = Fact then FactKind.ofName name else ValueNone

        { // A fact has no gaps.
          Metric = (if fact.IsSome then { metric with Stale = Limits.Never / 4L } else metric)
          Fact = fact
          Widest = List.fold max 0L<ms> widths
          Forecasts = used |> List.exists (function Over(Forecast _, metric, _) -> metric = name | _ -> false)
          PercentileWidths = percentiles })
    |> Option.filter (fun slot -> slot.Fact.IsNone || not widths.IsEmpty)

let private slots (policy: Policy) : Slot[] =
    let used = terms policy

    used
    |> List.choose (function
        | Metric name
        | Over(_, name, _) -> Some name
        | Literal _ -> None)
    |> List.distinct
    |> List.sortWith (fun a b -> System.String.CompareOrdinal(a, b))
    |> List.choose (slotOf policy used)
    |> Array.ofList

/// Each window that is looked at, once.
let private windows (policy: Policy) : struct (string * int64<ms>)[] =
    terms policy
    |> List.choose (function Over(_, metric, width) -> Some struct (metric, width) | _ -> None)
    |> List.distinct
    |> Array.ofList

let private term (windows: struct (string * int64<ms>)[]) (slots: Slot[]) (term: Term) : PlannedTerm =
    let slot name = slots |> Array.tryFindIndex (fun slot -> slot.Metric.Name = name)

    match term with
    | Literal(_, value) -> Fixed(Exact.ofInt value)
    | Metric name ->
        match FactKind.ofName name, slot name with
        | ValueSome fact, None -> Now fact
        | ValueSome fact, Some index when slots[index].Fact.IsSome -> Now fact
        | _, Some index -> Newest index
        | ValueNone, None -> Missing
    | Over(kind, name, width) ->
        match slot name with
        | Some index -> Window(kind, System.Array.IndexOf(windows, struct (name, width)), index, width)
        | None -> Missing

let private schedule (policy: Policy) name = policy.Schedules |> List.tryFind (fun schedule -> schedule.Name = name)

let rec private condition policy (term: Term -> PlannedTerm) (places: int[]) (from: Condition) : PlannedCondition =
    let again = condition policy term places

    match from with
    | Constant value -> Always(Kleene.ofBool value)
    | Compare(left, comparison, right) -> Comparing(term left, comparison, term right)
    | IsSet metric -> Set(term (Metric metric))
    | During name ->
        match schedule policy name with
        | Some found -> Inside found
        | None -> Always Kleene.Unknown
    | And parts -> All(List.map again parts)
    | Or parts -> Any(List.map again parts)
    | Not part -> Negation(again part)
    | Condition.Held(timer, part, duration) -> Sustained(System.Array.IndexOf(places, timer), again part, duration)

let private factPeriod (policy: Policy) (slots: Slot[]) : int64<ms> =
    let facts = slots |> Array.filter _.Fact.IsSome |> Array.map _.Metric.Name |> set

    let widest terms =
        terms |> List.choose (function Over(_, metric, width) when facts.Contains metric -> Some width | _ -> None) |> List.fold max 0L<ms>

    match widest (decidingTerms policy), widest (terms policy) with
    | 0L<ms>, 0L<ms> -> 0L<ms>
    | 0L<ms>, watched -> max Limits.FactPeriod (watched / 1000L)
    | decided, _ -> max Limits.FactPeriod (decided / 1000L)

let private spends =
    function
    | Metric("spent.day" | "spent.month") -> true
    | _ -> false

/// Total: what a name does not resolve to is Unknown for ever.
let make (policy: Policy) : Plan =
    let byName name = List.sortWith (fun a b -> System.String.CompareOrdinal(name a, name b))
    let rules = policy.Rules |> byName _.Name
    let forbids = policy.Forbids |> byName _.Name
    let slots, windows = slots policy, windows policy
    let term = term windows slots

    let places =
        [ for rule in rules do
              yield! timers rule.When
              yield! rule.Until |> Option.map timers |> Option.defaultValue []
          for forbid in forbids do
              yield! timers forbid.When ]
        |> List.distinct
        |> Array.ofList

    let planned = condition policy term places

    let plannedRule (rule: Rule) : PlannedRule =
        { Rule = rule
          When = planned rule.When
          Until = rule.Until |> Option.map planned |> Option.toValueOption
          Tracked =
            match tracked rule with
            | ValueSome found -> term found
            | ValueNone -> Missing }

    let plannedBounds (bounds: Bounds) : PlannedBounds =
        { Bounds = bounds; During = bounds.During |> Option.bind (schedule policy) |> Option.toValueOption }

    { Policy = policy
      Zone = Array.ofList policy.Zone.Transitions
      Slots = slots
      Windows = windows.Length
      Rules = rules |> List.map plannedRule |> Array.ofList
      Forbids = forbids |> List.map (fun forbid -> ({ Forbid = forbid; When = planned forbid.When }: PlannedForbid)) |> Array.ofList
      Bounds = List.map plannedBounds policy.Bounds
      Timers = places
      FactPeriod = factPeriod policy slots
      UsesSpending = List.exists spends (terms policy)
      Remembers = places.Length > 0 || slots |> Array.exists _.Fact.IsSome || rules |> List.exists _.Until.IsSome }
