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

type Later =
    | Property
    | Scenario

type Declaration =
    | PolicyHeader of name: Name option * zone: Located<string> option
    /// The policy takes over another's declarations: known, and not in this version.
    | Extending of name: Name option
    | UnitOf of cpu: Expr * memory: Expr
    | SizeOf of min: Expr * max: Expr * step: Expr option * during: Name option
    | CooldownOf of (Located<CooldownKind> * Expr) list
    | ScheduleOf of Name * included: ScheduleItem list * excluded: ScheduleItem list
    | LetOf of Name * Expr
    | MetricOf of Name * kind: Name * every: Expr * stale: Expr option * sql: Located<string>
    | RuleOf of Name * on: Located<Compute> * Located<Clause> list
    | ForbidOf of Located<ActionKind> list * Expr option
    /// Recognised, and not run by this version.
    | LaterOf of Later
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
              yield! [ "and"; "or"; "not"; "during"; "for"; "when"; "until"; "do"; "priority"; "true"; "false"; "on" ] ]
