namespace Serverless.Rules

open Serverless.Core

/// How much a diagnostic weighs: only errors keep a set of rules from being taken.
type Severity =
    | Error = 0
    | Warning = 1
    | Info = 2

/// What a name stands for in a rule file.
type NameKind =
    | MetricName
    | ScheduleName
    | LetName
    | RuleName
    | TypeName
    | AggregateName
    | PolicyName
    | PropertyName
    /// A metric, or another input that a scenario gives.
    | SeriesName

/// Everything that can be wrong with a set of rule files: one case per diagnostic. The words are in Wording.fs.
type Problem =
    // Reading and syntax
    | Unexpected of expected: string list * found: string
    | UnknownDeclaration of found: string
    | UnclosedString
    | NestedTooDeep of limit: int
    | Unreadable of reason: string
    | FileTooLarge of limit: int64
    | NothingDeclared
    | TooManyProblems of more: int
    // Literals
    | UnknownUnitOf of text: string * unit: string
    | NumberTooLarge of text: string * largest: string
    | NumberTooFine of text: string * kind: ValueType
    | NotAWholeNumber of what: string * least: int * most: int * text: string
    // Names
    | UnknownName of kinds: NameKind list * name: string * candidates: string list list
    | ReservedName of name: string
    | DuplicateName of what: string * first: string
    | DuplicateDeclaration of what: string * first: string
    | UnusedName of NameKind * name: string
    | CyclicLet of names: string list
    | LetsTooDeep of limit: int
    | ConditionTooLarge of limit: int
    | UnknownZone of name: string * candidates: string list
    | NoZoneData of name: string
    // Types
    | WrongType of expected: ValueType * found: ValueType * text: string option
    | NotACondition of found: string
    | NotAValue of expected: string * found: string
    | FlagCompared of flag: string
    | EqualsOnce
    | WrongArguments of aggregate: string * usage: string * found: int
    | AggregateOfType of aggregate: string * needs: string * metric: string * found: ValueType
    | NotAMetric of aggregate: string
    | NotFixed of what: string
    // Times
    | WindowTooShort of width: int64 * metric: string * period: int64
    | WindowTooLong of width: int64 * longest: int64
    | StaleBelowPeriod of stale: int64 * period: int64
    | OutOfRange of what: string * least: string * most: string * found: string
    // Size
    | NoSize of policy: string
    | EmptyBounds of least: int64 * most: int64
    | NotAMultiple of value: int64 * step: int64
    | BeyondBounds of value: int64 * least: int64 * most: int64
    | StepWithSchedule
    | Untrackable of metric: string
    // Schedules
    | NoSuchTime of text: string
    | NoSuchDate of text: string
    | EmptyTimes of text: string
    | DatesReversed of first: string * last: string
    // Rules
    | MissingClause of clause: string
    | RepeatedClause of clause: string
    | ActionNeedsOther of action: string * needs: Compute
    | SampleWhileSuspended of metric: string
    | SleepsForEver of rule: string
    | NeverActs of actions: string list
    | NeverTrue of what: string
    // Policies that extend others
    | CyclicExtends of names: string list
    | Inherited of parent: string * place: string * Problem
    | ExtendsTooDeep of limit: int
    | ExtendsTooMuch of limit: int
    // Scenarios
    | NoSuchInstant of text: string
    | ScenarioLacks of part: string
    | NotGiven of name: string * why: string
    | SegmentWithoutEnd
    | SeriesEnds of name: string * at: int64 * until: int64
    | NotRising of name: string
    | FactMissing of name: string
    | TooManySegments of limit: int
    | GivenTwice of name: string * other: string
    | TimesReversed of first: int64 * last: int64

/// A problem and where it is.
type Finding =
    { File: SourceText
      At: Span
      Problem: Problem }
