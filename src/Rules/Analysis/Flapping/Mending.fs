/// Which threshold to move, and how far, so that a circle of sizes comes to rest: the rule that shrinks must not fire at any load that
/// makes it grow again, or the other way round. What is proposed was tried.
module internal Serverless.Rules.Analysis.Flapping.Mending

open Serverless.Core
open Serverless.Rules
open Serverless.Rules.Analysis
open Serverless.Rules.Analysis.Flapping.Circles

let private isDown (step: Step) = step.Move.Into < step.From

/// Comparisons of usage with a literal, as `usage op literal`.
let rec private thresholds find (condition: Condition) : struct (Condition * string * Comparison * int64) list =
    match condition with
    | Compare(term, comparison, Literal(Percent, value)) ->
        Seeing.loadOf find term |> Option.map (fun metric -> struct (condition, metric.Name, comparison, value)) |> Option.toList
    | And parts
    | Or parts -> List.collect (thresholds find) parts
    | Held(_, part, _) -> thresholds find part
    | _ -> []

let rec private replaced (leaf: Condition) (instead: Condition) (condition: Condition) : Condition =
    match condition with
    | _ when condition = leaf -> instead
    | And parts -> And(List.map (replaced leaf instead) parts)
    | Or parts -> Or(List.map (replaced leaf instead) parts)
    | Not part -> Not(replaced leaf instead part)
    | Held(timer, part, length) -> Held(timer, replaced leaf instead part, length)
    | other -> other

/// Whole percents where there are some.
let private roundedDown (value: int64) = if value >= 100L then value / 100L * 100L else value
let private roundedUp (value: int64) = (value + 99L) / 100L * 100L

let private span (circle: Circle) metric = if metric = "cpu" then circle.Cpu else circle.Memory

let private allocation (policy: Policy) metric (size: int64<mcu>) =
    if metric = "cpu" then int64 (ComputeUnit.cpu size policy.Unit) else int64 size

let private withRule (policy: Policy) (rule: Rule) =
    { policy with Policy.Rules = policy.Rules |> List.map (fun other -> if other.Name = rule.Name then rule else other) }

let names (circle: Circle) : string list =
    circle.Steps |> List.collect (fun step -> step.Move.Rules |> List.map _.Name) |> List.distinct |> List.sort

/// The threshold that ends all circles of these rules; none when moving one of them alone does not.
let threshold (context: Context) (alike: Circle list) : Threshold option =
    let policy = context.Policy
    let key = names alike.Head

    // The usage at which the rule moves the size, over all circles in which it does: lowest and highest.
    let usages (rule: Rule) metric =
        [ for circle in alike do
              for step in circle.Steps do
                  if step.Move.Rules |> List.exists (fun mover -> mover.Name = rule.Name) then
                      let span = span circle metric
                      let unit = 2L * allocation policy metric step.From
                      struct (max 0L span.Low / unit, (if span.High = System.Int64.MaxValue then span.High else (span.High + unit - 1L) / unit)) ]

    let settles (changed: Rule) =
        let found = Circles.find context (withRule policy changed)
        found.IsWhole && not (found.Circles |> List.exists (fun circle -> names circle = key && isWide policy circle))

    let candidates isShrinking =
        [ for step in alike.Head.Steps do
              if isDown step = isShrinking then
                  for rule in step.Move.Rules do
                      for struct (leaf, metric, comparison, value) in thresholds context.Find rule.When do
                          match comparison, leaf with
                          | (Less | LessOrEqual), Compare(term, _, _) when isShrinking ->
                              let lowest = usages rule metric |> List.map (fun (struct (low, _)) -> low) |> List.min |> roundedDown
                              if lowest > 0L && lowest < value then struct (rule, leaf, Compare(term, comparison, Literal(Percent, lowest)))
                          | (Greater | GreaterOrEqual), Compare(term, _, _) when not isShrinking ->
                              let highest = usages rule metric |> List.map (fun (struct (_, high)) -> high) |> List.max
                              if highest < 100_000_000L && roundedUp highest > value then
                                  struct (rule, leaf, Compare(term, comparison, Literal(Percent, roundedUp highest)))
                          | _ -> () ]
        |> List.distinctBy (fun (struct (rule, leaf, _)) -> struct (rule.Name, leaf))

    candidates true @ candidates false
    |> List.truncate 4
    |> List.tryFind (fun (struct (rule, leaf, instead)) -> settles { rule with When = replaced leaf instead rule.When })
    |> Option.map (fun (struct (rule, leaf, instead)) ->
        { Rule = rule.Name
          Written = PolicyText.condition leaf
          Instead = PolicyText.condition instead })
