/// A compiled policy as text, in the words of the rule language, lets written out, everything in one fixed order: the
/// same text means the same decisions. Explanations quote it, and the revision is its hash.
module Serverless.Rules.PolicyText

open System
open System.Security.Cryptography
open System.Text
open Serverless.Core

let private span (value: int64<ms>) = Quantity.show Duration (int64 value)
let private size (value: int64<mcu>) = Quantity.show Size (int64 value)

let comparison (operator: Comparison) : string =
    match operator with
    | Less -> "<"
    | LessOrEqual -> "<="
    | Greater -> ">"
    | GreaterOrEqual -> ">="
    | Equal -> "=="
    | NotEqual -> "!="

let term (term: Term) : string =
    match term with
    | Literal(kind, value) -> Quantity.show kind value
    | Metric name -> name
    | Over(aggregate, metric, width) ->
        match aggregate with
        | Forecast ahead -> $"forecast({metric}, {span width}, {span ahead})"
        | Last -> $"last({metric}, {span width})"
        | Avg -> $"avg({metric}, {span width})"
        | Max -> $"max({metric}, {span width})"
        | Min -> $"min({metric}, {span width})"
        | P50 -> $"p50({metric}, {span width})"
        | P95 -> $"p95({metric}, {span width})"
        | P99 -> $"p99({metric}, {span width})"
        | Sum -> $"sum({metric}, {span width})"
        | CountOf -> $"count({metric}, {span width})"
        | RateOf -> $"rate({metric}, {span width})"

let rec condition (shown: Condition) : string =
    match shown with
    | Constant value -> if value then "true" else "false"
    | Compare(left, Equal, Literal(Flag, 1L)) -> term left
    | Compare(left, operator, right) -> $"{term left} {comparison operator} {term right}"
    | IsSet metric -> metric
    | During schedule -> $"during {schedule}"
    | Not inner -> $"not {inside inner}"
    | And parts -> parts |> List.map inside |> String.concat " and "
    | Or parts -> parts |> List.map inside |> String.concat " or "
    | Held(_, inner, width) -> $"{inside inner} for {span width}"

and private inside shown =
    match shown with
    | And _
    | Or _
    | Held _ -> $"({condition shown})"
    | _ -> condition shown

let actionKind (kind: ActionKind) : string =
    match kind with
    | SuspendAction -> "suspend"
    | ResumeAction -> "resume"
    | ResizeUpAction -> "resize up"
    | ResizeDownAction -> "resize down"

let private amount by =
    match by with
    | Proportion share -> Quantity.show Percent share
    | Units units -> size units

let action (action: RuleAction) : string =
    match action with
    | Suspend breaking ->
        let clause what idle =
            idle |> Option.map (fun idle -> $" breaking {what} idle {span idle}") |> Option.defaultValue ""

        "suspend" + clause "transactions" breaking.Transactions + clause "pinned sessions" breaking.PinnedSessions
    | Resume None -> "resume"
    | Resume(Some at) -> $"resume at {size at}"
    | ResizeUp by -> $"resize up {amount by}"
    | ResizeDown by -> $"resize down {amount by}"
    | ResizeTo goal -> $"resize to {size goal}"
    | Track(metric, width, target) -> $"resize track avg({metric}, {span width}) at {Quantity.show Percent target}"

let forbid (blocks: ActionKind list) (on: Condition) : string =
    let kinds = blocks |> List.map actionKind |> String.concat ", "
    if on = Constant true then $"forbid {kinds}" else $"forbid {kinds} when {condition on}"

let rule (rule: Rule) : string =
    let on = if rule.On = OnRunning then "running" else "suspended"
    let until = rule.Until |> Option.map (fun until -> $" until {condition until}") |> Option.defaultValue ""
    let priority = if rule.Priority = 0 then "" else $" priority {rule.Priority}"
    $"rule {rule.Name} on {on} {{ when {condition rule.When}{until} do {action rule.Action}{priority} }}"

let private days = [| "mon"; "tue"; "wed"; "thu"; "fri"; "sat"; "sun" |]

/// Days in a row, over the end of the week too, as the language writes them; others one by one.
let private weekdays (mask: int) =
    let has day = mask &&& (1 <<< ((day + 7) % 7)) <> 0
    let starts = [ 0..6 ] |> List.filter (fun day -> has day && not (has (day - 1)))
    let run start = [ start .. start + 6 ] |> List.takeWhile has |> List.last

    [ for start in starts do
          let last = run start
          if last = start then days[start] else days[start] + ".." + days[last % 7] ]
    |> String.concat ", "

let private range (range: ScheduleRange) =
    let minute value = $"%02d{value / 60}:%02d{value % 60}"
    let date (number: int) = DateOnly(1970, 1, 1).AddDays(number).ToString("yyyy-MM-dd", Globalization.CultureInfo.InvariantCulture)
    let times = $" {minute range.From}..{minute range.To}"

    match range.Days with
    | Weekdays 0b111_1111 -> "daily" + times
    | Weekdays mask -> weekdays mask + times
    | Dates(first, last) when first = last -> date first + times
    | Dates(first, last) -> date first + ".." + date last + times

let schedule (schedule: Schedule) : string =
    let ranges all = all |> List.map range |> String.concat ", "
    let except = if schedule.Exclude.IsEmpty then "" else " except " + ranges schedule.Exclude
    $"schedule {schedule.Name} = {ranges schedule.Include}{except}"

let private metric (metric: Metric) =
    let source =
        match metric.Source with
        | BuiltIn -> ""
        | Sql statement -> " from sql \"" + statement.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\""

    $"metric {metric.Name} : {Quantity.typeName metric.Type} every {span metric.Period} stale {span metric.Stale}{source}"

let private bounds step (bounds: Bounds) =
    match bounds.During with
    | None -> $"size {size bounds.Min} .. {size bounds.Max} step {size step}"
    | Some schedule -> $"size {size bounds.Min} .. {size bounds.Max} during {schedule}"

/// The whole policy; what is built in is named in comments.
let policy (policy: Policy) : string =
    let userMetric (metric: Metric) = metric.Source <> BuiltIn

    [ yield $"policy {policy.Name} zone \"{policy.Zone.Name}\""
      yield $"unit cu = {int64 policy.Unit.Cpu}m cpu + {Quantity.show Bytes (int64 policy.Unit.Memory)} memory"
      yield! policy.Bounds |> List.map (bounds policy.Step)
      yield $"cooldown up {span policy.Cooldown.Up}, down {span policy.Cooldown.Down}, suspend {span policy.Cooldown.Suspend}"
      yield! policy.Schedules |> List.map schedule
      for used in policy.Metrics do
          yield if userMetric used then metric used else $"# {metric used}"
      yield! policy.Rules |> List.map rule
      for ban in policy.Forbids do
          yield forbid ban.Blocks ban.When ]
    |> String.concat "\n"

/// A short hash of all that can change a decision, the transitions of the zone among it.
let revision (shown: Policy) : string =
    let transitions = shown.Zone.Transitions |> List.map (fun change -> $"{int64 change.From} {int64 change.Offset}")
    let content = String.concat "\n" (policy shown :: transitions)
    Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes content)).Substring(0, 12)
