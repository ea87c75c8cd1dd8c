namespace Serverless.Core

/// One metric that the policy keeps samples of. `Fact`: the kernel samples it itself.
[<NoEquality; NoComparison>]
type internal Slot =
    { Metric: Metric
      Fact: FactKind voption
      Widest: int64<ms>
      /// Some rule asks for its forecast.
      Forecasts: bool
      PercentileWidths: int64<ms> list }

/// A term with its names resolved to places.
[<NoEquality; NoComparison>]
type internal PlannedTerm =
    | Fixed of Exact
    | Now of FactKind
    | Newest of slot: int
    /// `place`: the same for all terms that look at the same window of the same metric.
    | Window of Aggregate * place: int * slot: int * width: int64<ms>
    /// Names nothing that the policy declares: Unknown for ever, which is safe.
    | Missing

[<NoEquality; NoComparison>]
type internal PlannedCondition =
    | Always of Kleene
    | Comparing of PlannedTerm * Comparison * PlannedTerm
    | Set of PlannedTerm
    | Inside of Schedule
    | All of PlannedCondition list
    | Any of PlannedCondition list
    | Negation of PlannedCondition
    | Sustained of timer: int * PlannedCondition * int64<ms>

[<NoEquality; NoComparison>]
type internal PlannedRule =
    { Rule: Rule
      When: PlannedCondition
      Until: PlannedCondition voption
      /// The term that a Track rule follows.
      Tracked: PlannedTerm }

[<NoEquality; NoComparison>]
type internal PlannedForbid = { Forbid: Forbid; When: PlannedCondition }

[<NoEquality; NoComparison>]
type internal PlannedBounds = { Bounds: Bounds; During: Schedule voption }

/// A policy made ready for evaluation. Rules and forbids stand in the order of their names, so that the order in which they
/// were written is forgotten.
[<NoEquality; NoComparison>]
type internal Plan =
    { Policy: Policy
      Zone: ZoneTransition[]
      Slots: Slot[]
      /// How many places of windows there are.
      Windows: int
      Rules: PlannedRule[]
      Forbids: PlannedForbid[]
      Bounds: PlannedBounds list
      /// Numbers of the timers by place.
      Timers: int[]
      /// Distance of the samples of facts; 0 when no fact is aggregated.
      FactPeriod: int64<ms>
      UsesSpending: bool
      /// Some rule, forbid or fact depends on what was true before: timers, releases, aggregated facts.
      Remembers: bool }
