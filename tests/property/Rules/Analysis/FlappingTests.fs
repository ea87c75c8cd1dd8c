/// Circles of sizes are found exactly where the kernel itself goes round under a constant load.
module Serverless.Tests.Property.Rules.Analysis.FlappingTests

open System.Collections.Generic
open FsCheck
open FsCheck.FSharp
open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Rules.Analysis
open Serverless.Rules.Analysis.Flapping
open Serverless.Tests.Property.Core.Policies

let private isLong = System.Environment.GetEnvironmentVariable "SERVERLESS_TEST_LONG" = "1"

/// Saturdays and Sundays; noon of the shared policies is a Friday.
let private weekend: Schedule =
    { Name = "weekend"
      Include = [ { Days = Weekdays 0b1100000; From = 0; To = 1440 } ]
      Exclude = [] }

/// In Berlin, right after midnight: a Monday, and a Saturday.
let private monday = 1_774_828_800_000L<ms>
let private saturday = monday + 5L * 86_400_000L<ms>

let private pick values = Gen.elements values
let private percents = Gen.choose (2, 19) |> Gen.map (fun n -> int64 n * 500L)
let private metric = Gen.frequency [ 4, Gen.constant "cpu"; 1, Gen.constant "memory" ]
let private lengths = pick [ seconds 1; seconds 10; seconds 30; minutes 1 ]
let private widths = pick [ seconds 10; seconds 20; seconds 30; minutes 1; minutes 2 ]

let private term =
    gen {
        let! name = metric
        let! width = widths
        let! kind = pick [ Last; Avg; Avg; Max; Min; P50; P95; P99; Forecast(minutes 1) ]
        // A forecast over two periods has two samples only between two of them.
        let width = if kind.IsForecast then max (seconds 20) width else width
        return! pick [ Metric name; Over(kind, name, width); Over(kind, name, width) ]
    }

let private usage comparisons =
    Gen.map3 (fun term comparison value -> Compare(term, comparison, Literal(Percent, value))) term (pick comparisons) percents

let private comparisons = [ Less; LessOrEqual; Greater; GreaterOrEqual ]
let private size = Gen.map2 (fun comparison n -> Compare(Metric "size", comparison, Literal(Size, int64 n * 500L))) (pick comparisons) (Gen.choose (1, 6))

/// `leaf` is what stands at the ends. Since when something that depends on the size has held depends on the sizes before, so a `for` has none.
let rec private conditionOf leaf depth =
    if depth = 0 then leaf
    else
        let part = conditionOf leaf (depth - 1)

        Gen.frequency
            [ 6, leaf
              1, Gen.map Not part
              2, Gen.map2 (fun a b -> And [ a; b ]) part part
              1, Gen.map2 (fun a b -> Or [ a; b ]) part part
              2, Gen.map2 (fun part length -> Condition.Held(0, part, length)) (conditionOf (usage comparisons) (depth - 1)) lengths ]

let private condition kinds =
    conditionOf (Gen.frequency [ 12, usage kinds; 2, usage comparisons; 1, usage [ Equal; NotEqual ]; 1, size; 1, Gen.constant (During "weekend"); 1, Gen.constant (Constant true) ]) 2

let private amount =
    Gen.oneof
        [ pick [ 1_000L; 2_500L; 5_000L; 10_000L; 20_000L ] |> Gen.map Proportion
          Gen.choose (1, 4) |> Gen.map (fun n -> Units(int64 n * 500L<mcu>)) ]

let private aims =
    [ 5, Gen.map2 (fun condition by -> struct (condition, ResizeUp by)) (condition [ Greater; GreaterOrEqual ]) amount
      5, Gen.map2 (fun condition by -> struct (condition, ResizeDown by)) (condition [ Less; LessOrEqual ]) (amount |> Gen.map (function Proportion part -> Proportion(min part 9_000L) | units -> units))
      1, Gen.map2 (fun condition n -> struct (condition, ResizeTo(int64 n * 500L<mcu>))) (condition comparisons) (Gen.choose (1, 9))
      1, Gen.map3 (fun condition (name, width) target -> struct (condition, Track(name, width, target))) (condition comparisons) (Gen.zip metric widths) (percents |> Gen.map (max 1_000L)) ]

let private rule name =
    gen {
        let! struct (condition, action) = Gen.frequency aims
        let! release = Gen.frequency [ 3, Gen.constant None; 1, Gen.map Some (conditionOf (usage comparisons) 1) ]
        let! priority = pick [ -1; 0; 0; 0; 0; 1 ]
        return { rule name condition action with Until = release; Priority = priority }
    }

/// Gives every timer of the policy a number of its own.
let private numbered (policy: Policy) : Policy =
    let rules, next =
        policy.Rules
        |> List.mapFold
            (fun next rule ->
                let holds, next = Conditions.number next rule.When

                match rule.Until |> Option.map (Conditions.number next) with
                | Some(release, next) -> { rule with When = holds; Until = Some release }, next
                | None -> { rule with When = holds }, next)
            1

    let forbids, _ =
        policy.Forbids
        |> List.mapFold
            (fun next forbid ->
                let holds, next = Conditions.number next forbid.When
                { forbid with When = holds }, next)
            next

    { policy with Rules = rules; Forbids = forbids }

let private policies =
    gen {
        let! count = Gen.choose (2, 4)
        let! rules = Gen.collectToList (fun n -> rule $"r{n}") [ 1..count ]

        let! forbids =
            Gen.frequency
                [ 4, Gen.constant []
                  1, Gen.map2 (fun condition kind -> [ forbid "f" condition [ kind ] ]) (condition comparisons) (pick [ ResizeUpAction; ResizeDownAction ]) ]

        let! least = Gen.choose (1, 3)
        let! more = Gen.choose (1, 6)
        let! scheduled = Gen.frequency [ 4, Gen.constant []; 1, Gen.map (fun n -> [ { Min = int64 n * 500L<mcu>; Max = int64 (n + 3) * 500L<mcu>; During = Some "weekend" } ]) (Gen.choose (1, 5)) ]
        let! up = pick [ 0L<ms>; 0L<ms>; seconds 7; seconds 30; minutes 2 ]
        let! down = pick [ 0L<ms>; 0L<ms>; seconds 7; seconds 30; minutes 2 ]

        return
            numbered
                { policy rules forbids with
                    Bounds = { Min = int64 least * 500L<mcu>; Max = int64 (least + more) * 500L<mcu>; During = None } :: scheduled
                    Schedules = [ weekend ]
                    Cooldown = { Up = up; Down = down; Suspend = 0L<ms> } }
    }

let private show (policy: Policy) =
    PolicyText.policy { policy with Metrics = [] }

let private analysed (policy: Policy) : Circles.Found =
    let context = Context(policy, Dictionary(), Dictionary(), ignore)
    Circles.find context policy

/// Longer than any window, `for` and cooldown of these policies together.
let private settled = minutes 12

let private at (holding: uint64) = if holding = 0UL then monday else saturday
let private countOf (policy: Policy) = policy.Bounds |> List.map (fun bounds -> int ((bounds.Max - bounds.Min) / policy.Step) + 1) |> List.max

let private firstSamples = [ seconds 5; 1L<ms> ]

let private simplest (span: Loads.Span) = Loads.simplest 1m span

let private onAllCores = Config.QuickThrowOnFailure.WithParallelRunConfig(Some { MaxDegreeOfParallelism = System.Environment.ProcessorCount })

let private checkAll name count (property: Policy -> unit) =
    let arbitrary = Arb.fromGen policies
    let shown policy = try property policy; true with error -> failwith $"{error.Message}\n{show policy}"
    Check.One(onAllCores.WithMaxTest(count).WithName(name), Prop.forAll arbitrary shown)

[<Test>]
let ``every circle that is found is one that the kernel goes round in`` () =
    checkAll "circles" (if isLong then 100_000 else 3_000) (fun policy ->
        for circle in (analysed policy).Circles |> List.truncate 8 do
            let load: ConstantLoad.Load = { Millicores = simplest circle.Cpu; Memory = simplest circle.Memory }
            let sizes = circle.Steps |> List.map _.From
            let run first = ConstantLoad.circle policy load sizes.Head (at circle.Holding) first settled (countOf policy)
            let seen = firstSamples |> List.map run

            if not (List.contains sizes seen) then
                failwith $"found %A{sizes} under %A{load} (%d{circle.Holding}), and the kernel goes through %A{seen}")

/// Near the thresholds, where it matters.
let private loads (policy: Policy) =
    let thresholds = [ 250L .. 250L .. 10_500L ]

    gen {
        let! size = Gen.choose (1, 12)
        let! cpu = pick thresholds
        let! offset = Gen.choose (-120, 120)
        let! memory = pick thresholds
        let allocation = decimal (ComputeUnit.cpu (int64 size * 500L<mcu>) policy.Unit)
        let! start = Gen.choose (0, countOf policy - 1)
        let! isWeekend = Gen.elements [ false; false; true ]
        let! first = Gen.elements firstSamples
        return struct ({ ConstantLoad.Millicores = decimal (cpu + int64 offset) * allocation / 10_000m + 0.003m; ConstantLoad.Memory = decimal memory * 0.2m + 0.003m }, start, isWeekend, first)
    }

let private within (load: decimal) (span: Loads.Span) =
    let scaled = load * 20_000m
    scaled >= decimal span.Low && scaled <= decimal span.High

[<Test>]
let ``every circle that the kernel goes round in is found`` () =
    let checkOne (policy: Policy) (struct (load: ConstantLoad.Load, start, isWeekend, first)) =
        let found = analysed policy
        let holding = if isWeekend then 1UL else 0UL
        let range = Stateless.range policy (fun name -> name = "weekend" && isWeekend)
        let start = min range.Most (range.Least + int64 start * policy.Step)
        let sizes = ConstantLoad.circle policy load start (if isWeekend then saturday else monday) first settled (countOf policy)

        if not sizes.IsEmpty && found.IsWhole then
            let isFound =
                found.Circles
                |> List.exists (fun circle ->
                    (circle.Steps |> List.map _.From) = sizes && within load.Millicores circle.Cpu && within load.Memory circle.Memory)

            if not isFound then
                failwith $"the kernel goes through %A{sizes} under %A{load} (weekend: {isWeekend}, first sample {first}), and that was not found\n{show policy}"

        true

    let arbitrary =
        gen {
            let! policy = policies
            let! load = loads policy
            return policy, load
        }
        |> Arb.fromGen

    let count = if isLong then 200_000 else 5_000
    Check.One(onAllCores.WithMaxTest(count).WithName("loads"), Prop.forAll arbitrary (fun (policy, load) -> checkOne policy load))
