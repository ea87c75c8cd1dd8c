namespace Serverless.Rules

open Serverless.Core

/// Rule files as they are written: nothing is resolved or typed yet, and literals are still text.
type Name = Located<string>

type Operator =
    | Compares of Comparison
    /// A single `=`, which is no comparison; kept so that the rest of the condition is still checked.
    | SingleEquals

type Expr = Located<ExprNode>

and ExprNode =
    | Number of text: string
    /// A literal that `rules fit` may change, perhaps within a range: all three are numbers.
    | Tuned of value: Expr * range: (Expr * Expr) option
    | Named of name: string
    | Truth of bool
    | Call of Name * Expr list
    | Comparing of Expr * Located<Operator> * Expr
    | AndAll of Expr list
    | OrAny of Expr list
    | Negation of Expr
    | Inside of schedule: Name
    | HeldFor of Expr * Expr

type DayItem =
    | Weekday of first: int * last: int
    | DateRange of first: string * last: string
    | Daily

/// One item between commas: days, times, or both. What is left out is taken from its neighbours (see docs/rules.md).
type ScheduleItem =
    { Days: Located<DayItem> option
      Times: Located<string * string> option
      Span: Span }

type Broken =
    | Transactions
    | PinnedSessions

type ActionNode =
    | SuspendNode of (Located<Broken> * Expr) list
    | ResumeNode of Expr option
    | ResizeByNode of up: bool * Expr
    | ResizeToNode of Expr
    | TrackNode of Expr * Expr

type Clause =
    | When of Expr
    | Until of Expr
    | Do of Located<ActionNode>
    | Priority of string

type CooldownKind =
    | AfterUp
    | AfterDown
    | BeforeSuspend

/// A part of a series of a scenario. Without a length it lasts to the end of the scenario.
type Segment = Located<SegmentNode>

and SegmentNode =
    | Level of Expr * length: Expr option
    | Ramp of first: Expr * last: Expr * length: Expr
    /// `?`: nothing is measured.
    | Gap of length: Expr option
    | Rising of length: Expr option
    | Repeated of Segment list * times: Located<string>

/// A part of a scenario's time, counted from its start. None, where it can be left out, is the whole of it.
type TimesNode =
    | AtTime of Expr
    | UntilTime of Expr
    | AfterTime of Expr
    | BetweenTimes of first: Expr * last: Expr

type StartNode =
    /// It has run for this long; without one, so long that nothing cools down.
    | FromRunning of size: Expr * since: Expr option
    | FromSuspended of size: Expr option

type EffectKind =
    | SuspendEffect
    | ResumeEffect
    | ResizeEffect

/// How effects end from an instant on.
type EffectTurn =
    | Takes of Expr
    | Succeeds
    | Fails
    | Deferred
    | Infeasible
    | Refused

type OperatorNode =
    | OperatorSuspend
    | OperatorResume of Expr option
    | OperatorResize of Expr
    | OperatorPause
    | OperatorUnpause

/// What somebody else's hand, or an accident, does to the compute.
type ComputeNode =
    | Crashes
    | Stops
    | Serves of size: Expr

/// Somebody sets the gateway's clock.
type ClockNode =
    | Forward of by: Expr
    | Back of by: Expr

type EventNode =
    | EffectTurns of EffectKind * EffectTurn
    | OperatorDoes of OperatorNode
    | ComputeDoes of ComputeNode
    | ClockIsSet of ClockNode
    /// So many statements begin (or wait for the compute), each of which takes so long on it.
    | StatementsCome of count: Located<string> option * length: Expr

type ExpectNode =
    | ExpectNothing of TimesNode option
    | ExpectNo of Located<ActionKind> list * TimesNode option
    | ExpectAction of Located<ActionKind list> * size: Expr option * by: Name option * TimesNode option
    | ExpectRunning of size: Expr option * TimesNode
    | ExpectSuspended of TimesNode
    | ExpectHolds of Expr * TimesNode option

type ScenarioLine =
    | StartsAt of instant: Located<string> * Located<StartNode>
    | MachineHas of cpu: Expr * memory: Expr
    | SeriesOf of Name * Segment list
    /// Without an instant, from the start on.
    | EventAt of at: Expr option * Located<EventNode>
    | Expect of Located<ExpectNode>

type ClaimNode =
    | AtMostOf of count: Located<string> * Located<ActionKind list> * per: Expr
    | NeverOf of Located<ActionKind> list * given: Expr option
    | AlwaysOf of Expr * given: Expr option
    /// `first`: no other action comes before it.
    | LeadsToOf of cause: Expr * isFirst: bool * Located<ActionKind list> * within: Expr * during: Located<Compute> option
    | SettlesOf of within: Expr

/// The policy whose declarations another takes over, but for those of these names.
type Extension = { Parent: Name; Without: Name list }

type Declaration =
    | PolicyHeader of name: Name option * extends: Extension option * zone: Located<string> option
    | UnitOf of cpu: Expr * memory: Expr
    | SizeOf of min: Expr * max: Expr * step: Expr option * during: Name option
    | CooldownOf of (Located<CooldownKind> * Expr) list
    | ScheduleOf of Name * included: ScheduleItem list * excluded: ScheduleItem list
    | LetOf of Name * Expr
    | MetricOf of Name * kind: Name * every: Expr * stale: Expr option * sql: Located<string>
    | RuleOf of Name * on: Located<Compute> * Located<Clause> list
    | ForbidOf of Located<ActionKind> list * Expr option
    | PropertyOf of Name * Located<ClaimNode>
    | ScenarioOf of title: Located<string> * Located<ScenarioLine> list
    /// A declaration that did not parse: its name counts as declared, so that uses of it are no second error.
    | BrokenOf of keyword: string * name: string option

module Keyword =
    let All: string list =
        [ "policy"; "unit"; "size"; "cooldown"; "schedule"; "let"; "metric"; "rule"; "forbid"; "property"; "scenario" ]

    let private all = set All

    let isKeyword (word: string) : bool = all.Contains word

    /// Words that mean something inside a condition or a rule and so cannot name a metric, let or schedule.
    let Reserved: Set<string> =
        set
            [ yield! All |> List.filter ((<>) "size")
              yield! [ "and"; "or"; "not"; "during"; "for"; "when"; "until"; "do"; "priority"; "true"; "false"; "on"; "tune" ] ]
