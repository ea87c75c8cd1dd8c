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

/// Why a rule that suspends never does.
type SuspendObstacle =
    /// It asks for what keeps a database awake whatever the rules say.
    | SuspendIsBusy
    /// The cooldown after a resume, in milliseconds, outlasts it.
    | SuspendCools of cooldown: int64

/// A rule's part in a circle of sizes: what it does at which size, and what it sees there.
type Turn =
    { Rules: string list
      /// Thousandths of a compute unit.
      From: int64
      Into: int64
      /// Basis points; none where the rule does not ask.
      Cpu: int64 option
      Memory: int64 option }

/// A threshold that ends a circle of sizes: what is written in a rule, and what to write there.
type Threshold = { Rule: string; Written: string; Instead: string }

/// A load that never changes, as far as the circle depends on it: cores in use, and bytes in use.
type Load =
    { Cores: decimal option
      Bytes: decimal option
      /// Schedules that hold meanwhile, where the policy has any.
      During: string list }

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
    // Marks of `rules fit`
    | EmptyTuneRange of kind: ValueType * value: int64 * least: int64 * most: int64
    | TunedInVain of what: string
    // What rules come to together
    | NeverInside of schedule: string
    | BoundsAtOdds of first: string * second: string * least: int64 * most: int64
    | NothingToResize of action: string
    | Contradiction of what: string * parts: string list
    | AlwaysTrue of part: string
    | ReleasedAtOnce of holds: string * release: string
    | HeldTooLong of condition: string * length: int64 * longest: int64
    | Shadowed of rule: string * by: string
    | AlwaysForbidden of actions: string list * forbids: string list
    | NeverSuspends of SuspendObstacle
    | WakesAtOnce of sleeper: string * holds: string
    | ForbidsUnmeasured of metric: string
    | Flaps of turns: Turn list * load: Load * mend: Threshold option * others: int
    | NotAnalysed of (string * string) list

/// A problem and where it is.
type Finding =
    { File: SourceText
      At: Span
      Problem: Problem }
