namespace Serverless.Rules.Analysis

open System.Collections.Generic
open Serverless.Core
open Serverless.Rules

/// Where the parts of a declaration stand. A forbid without a condition, and all that is no rule, has only the whole.
type internal Place =
    { File: SourceText
      Whole: Span
      When: Span
      Until: Span
      Do: Span }

/// A policy that has no error, with where its declarations stand and where findings go. Lives as long as one policy is analysed.
[<Sealed>]
type internal Context(policy: Policy, places: Dictionary<Origin, Place>, named: Dictionary<string, Place>, report: Finding -> unit) =
    let metrics = Dictionary<string, Metric>()

    do
        for metric in policy.Metrics do
            metrics[metric.Name] <- metric

    let find name =
        match metrics.TryGetValue name with
        | true, metric -> Some metric
        | _ -> None

    let timeline = Timeline.make policy.Schedules
    let search unmeasured = Possible.Search { Find = find; Timeline = timeline; Unmeasured = unmeasured }
    let skipped = List<string * string>()

    member _.Policy = policy
    member _.Find = find
    member _.Timeline = timeline
    /// Questions about a compute that runs.
    member val Running = search (fun _ -> false)
    /// Questions about a compute that is suspended.
    member val Asleep = search (fun _ -> true)

    member _.Place(origin: Origin) : Place = places[origin]
    /// Of schedules by name, and of bounds as `size` and their schedule.
    member _.Place(name: string) : Place = named[name]

    member _.Report(place: Place, at: Span, problem: Problem) = report { File = place.File; At = at; Problem = problem }

    /// What was not analysed, and why.
    member _.Skip(what: string, why: string) =
        if not (skipped.Contains((what, why))) then skipped.Add((what, why))

    member _.Skipped = List.ofSeq skipped

module internal Firing =
    open Possible

    /// What must be so when the rule proposes its action. With a release it can go on when its condition has ended.
    let demands (rule: Rule) : struct (Demand * Condition) list =
        match rule.Until with
        | None -> [ struct (IsTrue, rule.When) ]
        | Some release -> [ struct (IsFalse, release) ]

    /// Given these demands, the rule proposes its action for certain.
    let isImplied (search: Search) (given: struct (Demand * Condition) list) (rule: Rule) : bool =
        search.Implies(given, struct (IsTrue, rule.When))
        && rule.Until |> Option.forall (fun release -> search.Implies(given, struct (IsFalse, release)))

    let kinds (action: RuleAction) : ActionKind list =
        match action with
        | Suspend _ -> [ SuspendAction ]
        | Resume _ -> [ ResumeAction ]
        | ResizeUp _ -> [ ResizeUpAction ]
        | ResizeDown _ -> [ ResizeDownAction ]
        | ResizeTo _
        | Track _ -> [ ResizeUpAction; ResizeDownAction ]
