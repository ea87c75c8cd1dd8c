/// When the next change can come at the earliest: the kernel itself, played forward with the last samples arriving again at their period and
/// nothing else happening. It cannot disagree with what the kernel then does.
module internal Serverless.Core.Outlook

/// Steps played at most; metrics that are measured more often than every half second are seen less far ahead.
[<Literal>]
let private Steps = 20_000

/// What is found by looking ahead: the first effect, and when each rule (by place) proposes first.
[<NoEquality; NoComparison>]
type Ahead =
    { Next: NextChange voption
      FiresAt: int64<ms> voption[] }

/// A metric whose last sample goes on arriving.
[<NoEquality; NoComparison>]
type private Repeated = { Metric: string; Value: int64; Period: int64<ms>; Due: int64<ms> }

let private repeated now (state: State) : Repeated list =
    [ for index in 0 .. state.Plan.Slots.Length - 1 do
          let slot = state.Plan.Slots[index]

          match Series.last state.Series[index] with
          | ValueSome(struct (at, value)) when slot.Fact.IsNone && now - at <= slot.Metric.Stale ->
              let period = max 100L<ms> slot.Metric.Period
              { Metric = slot.Metric.Name; Value = value; Period = period; Due = max (now + 1L<ms>) (at + period) }
          | _ -> () ]

let private noted now (state: State) (firesAt: int64<ms> voption[]) =
    let struct (_, reckoning) = Reckoning.at now state

    for index in 0 .. firesAt.Length - 1 do
        if firesAt[index].IsNone && reckoning.Proposing[index] then firesAt[index] <- ValueSome now

/// From a state in which nothing is in flight.
let ahead (now: int64<ms>) (state: State) : Ahead =
    let policy = state.Plan.Policy
    let firesAt = Array.create state.Plan.Rules.Length ValueNone
    let until = now + Limits.Horizon

    let rec play left (metrics: Repeated list) (state: State) (decision: Decision) at =
        noted at state firesAt

        match decision.Effect with
        | ValueSome effect -> ValueSome { At = at; Effect = effect; Proposal = Change.describe effect; By = decision.Because }
        | ValueNone ->
            let due = metrics |> List.fold (fun first metric -> min first metric.Due) (max (at + 1L<ms>) decision.NextCheck)

            if due > until || left = 0 then ValueNone
            else
                let arriving, later = metrics |> List.partition (fun metric -> metric.Due <= due)

                match arriving with
                | [] ->
                    let struct (next, told) = Stepping.step policy state { At = due; Event = Tick }
                    play (left - 1) metrics next told due
                | arriving ->
                    let samples = arriving |> List.map (fun metric -> struct (metric.Metric, metric.Value))
                    let struct (next, told) = Stepping.step policy state { At = due; Event = Event.OfSamples samples }
                    play (left - 1) ((arriving |> List.map (fun metric -> { metric with Due = due + metric.Period })) @ later) next told due

    let struct (present, decision) = Stepping.step policy state { At = now; Event = Tick }
    let next = play Steps (repeated now present) present decision now
    { Next = next; FiresAt = firesAt }

let private stays =
    function
    | Less -> "below"
    | LessOrEqual -> "at or below"
    | Greater -> "above"
    | GreaterOrEqual -> "at or above"
    | Equal -> "at"
    | NotEqual -> "off"

/// The fact moves by itself: it need not stay, its cause must.
let private moves (state: State) =
    function
    | FactKind.Idle -> if Facts.busy state.Activity then [ "it stays busy" ] else [ "it stays idle" ]
    | FactKind.ComputeAge
    | FactKind.SpentDay
    | FactKind.SpentMonth
    | FactKind.Size -> []
    | fact -> [ $"{FactKind.name fact} stays as it is" ]

/// What must stay for a condition to come true as foretold.
let rec private holding (evaluation: Evaluation) (state: State) (condition: PlannedCondition) : string list =
    let plan = state.Plan

    let sampled (term: PlannedTerm) =
        match term with
        | Newest slot
        | Window(_, _, slot, _) when plan.Slots[slot].Fact.IsNone ->
            match Series.last state.Series[slot] with
            | ValueSome(struct (_, value)) -> [ $"{plan.Slots[slot].Metric.Name} stays at {Words.quantity plan.Slots[slot].Metric.Type value}" ]
            | ValueNone -> []
        | Window(_, _, slot, _) -> plan.Slots[slot].Fact |> ValueOption.map (moves state) |> ValueOption.defaultValue []
        | Now fact -> moves state fact
        | _ -> []

    match condition with
    | Comparing(Newest slot, comparison, Fixed value) when plan.Slots[slot].Fact.IsNone && evaluation.Truth condition = Kleene.True ->
        [ $"{plan.Slots[slot].Metric.Name} stays {stays comparison} {Words.quantity plan.Slots[slot].Metric.Type (Exact.round value)}" ]
    | Comparing(Window(_, _, slot, _) as window, comparison, Fixed value) when plan.Slots[slot].Fact.IsNone && evaluation.Truth condition = Kleene.True ->
        [ $"{Words.name plan window} stays {stays comparison} {Words.quantity plan.Slots[slot].Metric.Type (Exact.round value)}" ]
    | Comparing(left, _, right) -> sampled left @ sampled right
    | Set term -> sampled term
    | All parts
    | Any parts -> List.collect (holding evaluation state) parts
    | Negation part
    | Sustained(_, part, _) -> holding evaluation state part
    | Always _
    | Inside _ -> []

let private amount =
    function
    | Proportion part -> Words.quantity Percent part
    | Units size -> Words.size size

let private action =
    function
    | Suspend _ -> "suspend"
    | Resume None -> "resume"
    | Resume(Some size) -> "resume at " + Words.size size
    | ResizeUp by -> "resize up " + amount by
    | ResizeDown by -> "resize down " + amount by
    | ResizeTo size -> "resize to " + Words.size size
    | Track(metric, _, target) -> $"resize track {metric} at {Words.quantity Percent target}"

/// How each rule stands at `now`.
let standings now (state: State) (ahead: Ahead) : RuleStanding list =
    let struct (_, reckoning) = Reckoning.at now state
    let evaluation = Evaluation(state, now)

    [ for index in 0 .. state.Plan.Rules.Length - 1 do
          let planned = state.Plan.Rules[index]
          let rests = not (Reckoning.lookedAt state.Stage planned.Rule.On)
          let proposes = reckoning.Proposing[index]

          { Rule = planned.Rule.Name
            Action = action planned.Rule.Action
            Says = (if rests then "rests" elif proposes then "proposes" else "waits")
            Seen = (if rests then [] else Words.seen evaluation state.Plan planned.When)
            FiresAt = ahead.FiresAt[index]
            If =
              (if rests || proposes || ahead.FiresAt[index].IsNone then ""
               else holding evaluation state planned.When |> List.distinct |> String.concat " and ") } ]

let nothing (state: State) : Ahead = { Next = ValueNone; FiresAt = Array.create state.Plan.Rules.Length ValueNone }
