/// Reports circles of sizes, one for each set of rules that make some, and what could not be looked at.
module internal Serverless.Rules.Analysis.Flapping.FlappingAnalysis

open Serverless.Core
open Serverless.Rules
open Serverless.Rules.Analysis
open Serverless.Rules.Analysis.Flapping.Circles

/// Reports of one policy; more of them say no more.
[<Literal>]
let private MostReports = 5

let private reads name (circle: Circle) =
    circle.Steps
    |> List.exists (fun step ->
        step.Move.Rules
        |> List.exists (fun rule ->
            let tracked = match rule.Action with Track(metric, _, _) -> metric = name | _ -> false
            tracked || List.contains name (Conditions.metrics rule.When)))

let private turn (context: Context) (cores: decimal option) (memory: decimal option) (step: Step) : Turn =
    let unit = context.Policy.Unit

    { Rules = step.Move.Rules |> List.map _.Name
      From = int64 step.From
      Into = int64 step.Move.Into
      Cpu = cores |> Option.map (fun load -> min 10_000L (Loads.usage load 1_000m (int64 (ComputeUnit.cpu step.From unit))))
      Memory = memory |> Option.map (fun load -> Loads.usage load 1_000m (int64 step.From)) }

let private report (context: Context) (timeline: Timeline.Timeline) (alike: Circle list) =
    let first = alike.Head
    let load name span = if reads name first then Some(Loads.simplest 1_000m span) else None
    // Cores in use; and memory in use, in units' worth of what is not the buffer pool's.
    let cores, units = load "cpu" first.Cpu, load "memory" first.Memory

    let problem =
        Flaps(
            first.Steps |> List.map (turn context cores units),
            { Cores = cores
              Bytes = units |> Option.map (fun units -> units * decimal (int64 context.Policy.Unit.Memory) * decimal (100L - Work.poolShare) / 100m)
              During =
                timeline.Names
                |> Array.filter (fun name -> first.Holding &&& Timeline.bit timeline name <> 0UL)
                |> List.ofArray },
            Mending.threshold context alike,
            (alike |> List.map (fun circle -> circle.Steps |> List.map _.From) |> List.distinct |> List.length) - 1
        )

    // What shrinks is where to mend it, as a rule.
    let rule = (first.Steps |> List.find (fun step -> step.Move.Into < step.From)).Move.Rules.Head
    let place = context.Place rule.Origin
    context.Report(place, place.When, problem)

let private skips (context: Context) =
    let reasons conditions = conditions |> List.collect (Seeing.frees context.Find) |> List.distinct |> List.map (fun name -> $"`{name}`") |> String.concat ", "

    for rule in Moving.resizers context.Policy do
        let free = Seeing.isFree context.Find rule.When || rule.Until |> Option.exists (Seeing.isFree context.Find)

        if free then
            context.Skip(rule.Name, "is taken not to fire where that depends on " + reasons (rule.When :: Option.toList rule.Until))

    // A forbid only takes moves away, which ends circles, unless a shrink that it stops outranked a growth.
    let priorities kind =
        Moving.resizers context.Policy |> Array.filter (fun rule -> List.contains kind (Firing.kinds rule.Action)) |> Array.map _.Priority

    let outranked = Array.min (priorities ResizeUpAction) < Array.max (priorities ResizeDownAction)

    for forbid in Moving.blockers context.Policy do
        if outranked && List.contains ResizeDownAction forbid.Blocks && Seeing.isFree context.Find forbid.When then
            context.Skip(forbid.Name, "is taken not to block where that depends on " + reasons [ forbid.When ])

let check (context: Context) : unit =
    if turns context.Policy then
        skips context
        let found = Circles.find context context.Policy

        if not found.IsWhole then
            context.Skip(context.Policy.Name, "has too many sizes and thresholds to look at all of them")

        match context.Timeline with
        | Some timeline ->
            found.Circles
            |> List.filter (isWide context.Policy)
            |> List.groupBy Mending.names
            |> List.truncate MostReports
            |> List.iter (snd >> report context timeline)
        | None -> ()
