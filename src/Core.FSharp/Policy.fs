namespace Serverless.Core

/// Offset of local time from UTC, from `From` on until the next transition. The policy carries them all, so the
/// kernel reads no time-zone database.
type ZoneTransition = { From: int64<ms>; Offset: int64<ms> }

/// A zone by name with its transitions, oldest first; the first holds for all time before the second.
type Zone = { Name: string; Transitions: ZoneTransition list }

/// Days a range of a schedule begins on.
type Days =
    /// Bit 0 is Monday, bit 6 Sunday.
    | Weekdays of mask: int
    /// Local calendar dates as days since 1970-01-01, both inclusive.
    | Dates of first: int * last: int

/// Minutes of the local day, `[From, To)`. `To <= From` means the range ends on the next day.
type ScheduleRange = { Days: Days; From: int; To: int }

/// A set of local times: inside one of `Include` and in none of `Exclude`.
type Schedule = { Name: string; Include: ScheduleRange list; Exclude: ScheduleRange list }

/// Facts are known to the gateway or the kernel itself and never Unknown; samples are measured and can be missing.
type MetricClass =
    | Fact
    | Sample

type MetricSource =
    | BuiltIn
    /// Asked of the engine with this statement, on a connection that never counts as activity.
    | Sql of statement: string

/// A metric as rules see it. `PerSize` metrics restart their windows after a resize.
type Metric =
    { Name: string
      Type: ValueType
      Class: MetricClass
      PerSize: bool
      /// The regular distance of samples. 0 for facts.
      Period: int64<ms>
      /// A gap longer than this, edges of a window included, makes the window Unknown.
      Stale: int64<ms>
      Source: MetricSource
      Help: string }

type Aggregate =
    | Last
    | Avg
    | Max
    | Min
    | P50
    | P95
    | P99
    | Sum
    | CountOf
    | RateOf
    /// Linear regression over the window, extrapolated by the horizon.
    | Forecast of horizon: int64<ms>

/// One side of a comparison.
type Term =
    /// A literal in the scale of its type.
    | Literal of ValueType * int64
    /// The last sample, or the fact.
    | Metric of name: string
    /// An aggregate over the left-open window `(t - width, t]`.
    | Over of Aggregate * metric: string * width: int64<ms>

type Comparison =
    | Less
    | LessOrEqual
    | Greater
    | GreaterOrEqual
    | Equal
    | NotEqual

/// Three-valued (Kleene) condition; `let` is expanded by the compiler.
type Condition =
    | Constant of bool
    | Compare of Term * Comparison * Term
    /// A metric of type flag, bare.
    | IsSet of metric: string
    /// Inside the named schedule, in the policy's zone.
    | During of schedule: string
    | And of Condition list
    | Or of Condition list
    | Not of Condition
    /// The condition has been True without a gap for this long. Each has a number, unique in its policy, that names its timer.
    | Held of timer: int * Condition * int64<ms>

/// Part of a size, or a number of units.
type Amount =
    /// basis points of the present size
    | Proportion of int64
    | Units of int64<mcu>

/// What a suspend may give up on, in so many words: idle that long. `None`: never.
type Breaking =
    { Transactions: int64<ms> option
      PinnedSessions: int64<ms> option }

type ActionKind =
    | SuspendAction
    | ResumeAction
    | ResizeUpAction
    | ResizeDownAction

type RuleAction =
    | Suspend of Breaking
    /// At this size, or at the size it had.
    | Resume of int64<mcu> option
    | ResizeUp of Amount
    | ResizeDown of Amount
    | ResizeTo of int64<mcu>
    /// goal = size × usage / target, rounded up to the step (rounded down it would be above the target, and go up again);
    /// the metric is a percent per size, averaged over the width.
    | Track of metric: string * width: int64<ms> * target: int64

type Compute =
    | OnRunning
    | OnSuspended

/// Where a declaration stands, for explanations: file, line and column, both from 1.
type Origin = { File: string; Line: int; Column: int }

type Rule =
    { Name: string
      On: Compute
      When: Condition
      /// Hysteresis: once When held, the rule stays armed until this is True.
      Until: Condition option
      Priority: int
      Action: RuleAction
      Origin: Origin }

type Forbid =
    { Name: string
      Blocks: ActionKind list
      When: Condition
      Origin: Origin }

/// Bounds of the size; those with a schedule hold while it does and then take the place of the ones without.
type Bounds =
    { Min: int64<mcu>
      Max: int64<mcu>
      During: string option }

type Cooldown =
    { Up: int64<ms>
      Down: int64<ms>
      Suspend: int64<ms> }

/// A compiled, checked policy: all names resolve, all types agree, bounds are multiples of the step and not empty.
/// `Revision` is a hash of its content and changes with every change that could change a decision.
type Policy =
    { Name: string
      Revision: string
      Zone: Zone
      Unit: ComputeUnit
      Step: int64<mcu>
      Bounds: Bounds list
      Cooldown: Cooldown
      Schedules: Schedule list
      Metrics: Metric list
      Rules: Rule list
      Forbids: Forbid list }
