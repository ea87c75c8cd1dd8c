/// The mark `tune`: what it notes, and that it changes nothing else.
module Serverless.Tests.Property.Rules.Fitting.TuneTests

open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling

let private marks (text: string) =
    let set = compile text
    Assert.That(set.IsValid, Is.True, set.Render())
    [ for mark in set.Suites[0].Tunables -> mark.Name, Quantity.show mark.Type mark.Value, Quantity.show mark.Type mark.Least, Quantity.show mark.Type mark.Most ]

[<Test>]
let ``a mark has its range, or a quarter to four times the value`` () =
    equal
        [ "size", "0.5cu", "0.125cu", "2cu"
          "sleep", "5m", "1m", "30m"
          "grow", "75%", "18.75%", "100%"
          "grow", "15s", "3s750ms", "1m"
          "grow", "50%", "25%", "100%" ]
        (marks
            "size tune 0.5cu .. 4cu step 0.5cu\nrule sleep on running { when idle >= tune 5m in 1m .. 30m do suspend }\nrule grow on running { when avg(cpu, 1m) > tune 75% for tune 15s do resize up tune 50% in 25% .. 100% }")

[<Test>]
let ``a policy with marks is the policy without them`` () =
    let of' (tune: string) = policy (sized $"let long = {tune}5m\nrule sleep on running {{ when idle >= long for {tune}10s do suspend }}\nrule grow on running {{ when avg(cpu, {tune}1m) > 75%% do resize up {tune}0.5cu }}\ncooldown up {tune}30s\nforbid resize when spent.day > {tune}9")
    equal (of' "").Revision (of' "tune ").Revision

[<Test>]
let ``what a policy takes over brings its marks, and what it replaces does not`` () =
    let set = compile "policy a\nsize 1cu .. 4cu\nrule sleep on running { when idle >= tune 5m do suspend }\nrule grow on running { when cpu > tune 75% do resize up 50% }\npolicy b extends a\nrule grow on running { when cpu > 60% do resize up 50% }\n"
    Assert.That(set.IsValid, Is.True, set.Render())
    equal [ "a", [ "sleep"; "grow" ]; "b", [ "sleep" ] ] [ for suite in set.Suites -> suite.Policy.Name, [ for mark in suite.Tunables -> mark.Name ] ]

[<TestCase("rule sleep on running { when idle >= tune 5m in 6m .. 7m do suspend }", "R120")>]
[<TestCase("rule sleep on running { when idle >= tune 5m in 5m .. 5m do suspend }", "R120")>]
[<TestCase("rule sleep on running { when idle >= tune 0s do suspend }", "R120")>]
[<TestCase("rule sleep on running { when idle >= tune 5m in 1 .. 30m do suspend }", "R030")>]
[<TestCase("rule sleep on running { when idle >= tune long do suspend }", "R001")>]
[<TestCase("let tune = 5m", "R021")>]
[<TestCase("metric jobs : count every tune 15s from sql \"SELECT 1\"", "R121")>]
[<TestCase("rule sleep on running { when idle >= 5m do suspend }\nproperty calm = at most 8 resize per tune 10m", "R121")>]
[<TestCase("rule sleep on running { when idle >= 5m do suspend }\nscenario \"s\" {\n  start 2026-03-02T20:00Z running 1cu\n  idle = rising for tune 10m\n  expect nothing\n}", "R121")>]
let ``a mark that cannot be is said to be none`` (text: string, code: string) =
    Assert.That(codes (compile (sized text)) |> List.contains code, Is.True, (compile (sized text)).Render())
