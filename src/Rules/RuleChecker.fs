/// Rules and forbids of one policy.
module internal Serverless.Rules.RuleChecker

open System
open Serverless.Core
open Serverless.Rules.ExpressionChecker

let origin (file: SourceText) (at: Span) : Origin =
    let position = file.Position at.Start
    { File = file.Name; Line = position.Line; Column = position.Column }

/// Clauses stand in any order, each once.
let only scope file (clause: string) (pick: Clause -> 'a option) (clauses: Located<Clause> list) : 'a option =
    match clauses |> List.choose (fun clause -> pick clause.Value |> Option.map (fun found -> clause.At, found)) with
    | [] -> None
    | (_, first) :: rest ->
        for at, _ in rest do
            (scope: Scope).Report(file, at, RepeatedClause clause)

        Some first

let private breaking (scope: Scope) file (clauses: (Located<Broken> * Expr) list) : Breaking =
    let idle kind words =
        match clauses |> List.filter (fun (what, _) -> what.Value = kind) with
        | [] -> None
        | (_, first) :: rest ->
            for what, _ in rest do
                scope.Report(file, what.At, RepeatedClause $"breaking {words}")

            ranged scope file "how long it has been idle" Duration 1L (Quantity.largest Duration) first
            |> Option.map (fun idle -> idle * 1L<ms>)

    { Transactions = idle Transactions "transactions"
      PinnedSessions = idle PinnedSessions "pinned sessions" }

let private size (scope: Scope) file (widest: (int64 * int64) option) expr : int64<mcu> option =
    let value = ranged scope file "a size" Size 1L (Quantity.largest Size) expr

    match value, widest with
    | Some value, Some(least, most) when value < least || value > most -> scope.Report(file, expr.At, BeyondBounds(value, least, most))
    | _ -> ()

    value |> Option.map (fun value -> value * 1L<mcu>)

let private amount (scope: Scope) file (up: bool) (expr: Expr) : Amount option =
    match check scope file expr with
    | Some { Meaning = Meaning.Amount(Percent, Literal(_, share)) } ->
        let most = if up then Quantity.largest Percent else 9_999L

        if share < 1L || share > most then
            scope.Report(file, expr.At, OutOfRange("a change of size", Quantity.show Percent 1L, Quantity.show Percent most, Quantity.show Percent share))
            None
        else
            Some(Proportion share)
    | Some { Meaning = Meaning.Amount(Size, Literal _) } ->
        ranged scope file "a change of size" Size 1L (Quantity.largest Size) expr
        |> Option.map (fun units -> Units(units * 1L<mcu>))
    | Some { Meaning = Meaning.Amount(Size, _) } ->
        scope.Report(file, expr.At, NotFixed "a change of size")
        None
    | Some _ -> fixedValue scope file "a change of size" Percent expr |> Option.map Proportion
    | None -> None

let private track (scope: Scope) (file: SourceText) (metric: Expr) (target: Expr) : RuleAction option =
    let isTrackable name =
        match scope.Metrics.TryGetValue name with
        | true, metric -> metric.PerSize && metric.Type = Percent
        | _ -> false

    let written = file.Text.Substring(metric.At.Start, metric.At.End - metric.At.Start)

    let source =
        match check scope file metric with
        | Some { Meaning = Meaning.Amount(_, Metric name) } when isTrackable name -> Some(name, 60_000L<ms>)
        | Some { Meaning = Meaning.Amount(_, Over(Avg, name, width)) } when isTrackable name -> Some(name, width)
        | Some _ ->
            scope.Report(file, metric.At, Untrackable written)
            None
        | None -> None

    let target = ranged scope file "a target" Percent 100L 10_000L target

    match source, target with
    | Some(name, width), Some target -> Some(Track(name, width, target))
    | _ -> None

let private action (scope: Scope) file widest (node: ActionNode) : RuleAction option =
    match node with
    | SuspendNode clauses -> Some(Suspend(breaking scope file clauses))
    | ResumeNode None -> Some(Resume None)
    | ResumeNode(Some at) -> size scope file widest at |> Option.map (Some >> Resume)
    | ResizeByNode(true, by) -> amount scope file true by |> Option.map ResizeUp
    | ResizeByNode(false, by) -> amount scope file false by |> Option.map ResizeDown
    | ResizeToNode goal -> size scope file widest goal |> Option.map ResizeTo
    | TrackNode(metric, target) -> track scope file metric target

let private priority (scope: Scope) file (at: Span) (text: string) : int =
    match Int32.TryParse(text, Globalization.NumberStyles.AllowLeadingSign, Globalization.CultureInfo.InvariantCulture) with
    | true, value when abs (int64 value) <= 1000L -> value
    | _ ->
        scope.Report(file, at, NotAWholeNumber("a priority", -1000, 1000, text))
        0

let private warnAboutCondition (scope: Scope) file (at: Span) what (condition: Condition) =
    if Conditions.constant condition = Some false then
        scope.Report(file, at, NeverTrue what)

/// A rule, if all of it is right.
let rule (scope: Scope) (widest: (int64 * int64) option) (file: SourceText) (name: Name) (on: Located<Compute>) (clauses: Located<Clause> list) : Rule option =
    let on = on.Value
    let pick clause choose = only scope file clause choose clauses
    let whenClause = pick "when" (function When expr -> Some expr | _ -> None)
    let untilClause = pick "until" (function Until expr -> Some expr | _ -> None)
    let doClause = pick "do" (function Do action -> Some action | _ -> None)
    let priorityAt = clauses |> List.tryFind (fun clause -> clause.Value.IsPriority)
    let priorityText = pick "priority" (function Clause.Priority text -> Some text | _ -> None)

    for missing, clause in [ whenClause.IsNone, "when"; doClause.IsNone, "do" ] do
        if missing then
            scope.Report(file, name.At, MissingClause clause)

    let condition expr =
        condition scope file expr
        |> Option.map (fun (found, _) ->
            if on = OnSuspended then
                for metric in Conditions.metrics found |> List.distinct do
                    if scope.Metrics[metric].Class = Sample then
                        scope.Report(file, expr.At, SampleWhileSuspended metric)

            found)

    let holds = whenClause |> Option.bind condition
    let release = untilClause |> Option.map condition
    let acts = doClause |> Option.bind (fun node -> action scope file widest node.Value)

    match doClause with
    | Some node ->
        match node.Value, on with
        | ResumeNode _, OnRunning -> scope.Report(file, node.At, ActionNeedsOther("resume", OnSuspended))
        | SuspendNode _, OnSuspended -> scope.Report(file, node.At, ActionNeedsOther("suspend", OnRunning))
        | (ResizeByNode _ | ResizeToNode _ | TrackNode _), OnSuspended -> scope.Report(file, node.At, ActionNeedsOther("resize", OnRunning))
        | _ -> ()
    | None -> ()

    match whenClause, holds with
    | Some expr, Some holds -> warnAboutCondition scope file expr.At "rule" holds
    | _ -> ()

    match holds, release, acts with
    | Some holds, (None | Some(Some _)), Some acts ->
        Some
            { Name = name.Value
              On = on
              When = holds
              Until = release |> Option.flatten
              Priority =
                match priorityAt, priorityText with
                | Some at, Some text -> priority scope file at.At text
                | _ -> 0
              Action = acts
              Origin = origin file name.At }
    | _ -> None

let forbid (scope: Scope) (file: SourceText) (at: Span) (kinds: Located<ActionKind> list) (expr: Expr option) : Forbid option =
    let holds =
        match expr with
        | None -> Some(Constant true)
        | Some expr -> condition scope file expr |> Option.map fst

    holds
    |> Option.map (fun holds ->
        warnAboutCondition scope file at "forbid" holds
        let blocks = kinds |> List.map _.Value |> List.distinct |> List.sort
        let name = PolicyText.forbid blocks holds

        { Name = (if name.Length > 120 then name.Substring(0, 119) + "…" else name)
          Blocks = blocks
          When = holds
          Origin = origin file at })
