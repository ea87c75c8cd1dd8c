/// Scenarios in virtual time: what they make happen, and what they tell when they do not hold.
module Serverless.Tests.Property.Rules.ScenarioTests

open System.IO
open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling

let private suite (text: string) : Suite =
    let set = compile text
    Assert.That(set.IsValid, Is.True, set.Render())
    set.Suites[0]

let private sleepy = "size 0.5cu .. 4cu step 0.5cu\nrule sleep on running { when idle >= 5m do suspend }\n"

/// The run of the one scenario with these lines.
let private run (rules: string) (lines: string) : ScenarioRun =
    let suite = suite (rules + "scenario \"it\" {\n" + lines + "\n}")
    ScenarioRunner.Run(suite, suite.Scenarios[0])

let private holds (rules: string) (lines: string) =
    let run = run rules lines
    Assert.That(run.Passed, Is.True, run.Render() + run.Timeline())

/// What came instead of the one thing expected.
let private came (rules: string) (lines: string) : string =
    let run = run rules lines
    Assert.That(run.Failures.Count, Is.EqualTo 1, run.Render() + run.Timeline())
    run.Failures[0].Came

let private running = "start 2026-03-02T20:00+01:00 running 2cu\n"
let private asleep = "start 2026-03-02T20:00+01:00 suspended 2cu\n"

[<Test>]
let ``the example of the reference holds`` () =
    let text = File.ReadAllText(Path.Combine(root, "docs", "rules.md"))
    let whole = text.Substring(text.IndexOf("```rules") + 8)
    let suite = suite (whole.Substring(0, whole.IndexOf "```"))
    let run = ScenarioRunner.Run(suite, suite.Scenarios[0])
    Assert.That(run.Passed, Is.True, run.Render() + run.Timeline())

let documented: string[] = DocumentationTests.examples |> Array.filter (fun example -> example.Contains "scenario ")

[<TestCaseSource(nameof documented)>]
let ``every scenario of the reference holds`` (example: string) =
    let suite = suite (if example.Contains "size 0.5cu" then example else sized example)

    for run in ScenarioRunner.RunAll suite do
        Assert.That(run.Passed, Is.True, run.Render() + run.Timeline())

[<Test>]
let ``an at on a line of its own begins an event, and says nothing of the line above`` () =
    let lines = running + "idle = 0s for 2m, rising for 10m\nexpect nothing\nat 1m suspend fails"
    Assert.That((run sleepy lines).Passed, Is.False, "it suspends at 7m")
    let resumed = asleep + "idle = rising for 10m\nat 0s operator resume\nat 1m suspend fails\nexpect running 2cu at 30s\nexpect suspend after 1m"
    holds sleepy resumed

[<Test>]
let ``idle is 0 while somebody works, and rises from the end of the last statement`` () =
    holds sleepy (running + "idle = 0s for 3m, rising for 10m\nexpect idle == 0s until 3m\nexpect idle == 2m at 5m\nexpect suspend by sleep at 8m")

[<Test>]
let ``a database that has run for long has nothing to cool down from, one that was just started has`` () =
    let rules = sleepy + "cooldown suspend 10m\n"
    holds rules (running + "idle = rising for 20m\nexpect suspend at 5m")
    holds rules ("start 2026-03-02T20:00+01:00 running 2cu for 2m\nidle = rising for 20m\nexpect suspend at 8m")

[<Test>]
let ``statements wait for the compute, run on it, and end`` () =
    holds
        sleepy
        (asleep
         + "resume takes 4s\nat 1m 3 statements for 10s\nexpect queries.held == 3 between 1m .. 1m3s\nexpect queries.running == 3 between 1m4s .. 1m13s\nexpect queries.running == 0 at 1m14s\nexpect resume at 2cu by wake at 1m\nexpect suspend at 6m14s")

[<Test>]
let ``a failed start is tried again, with back-off, until it succeeds`` () =
    holds sleepy (asleep + "resume fails\nat 1m statement for 1s\nat 2m resume succeeds\nexpect no suspend until 3m\nexpect running 2cu at 3m\nexpect queries.held == 0 at 3m")

[<Test>]
let ``a forbidden wake gives what waits an error, and the timeline says so`` () =
    let run = run (sleepy.Replace("suspend }", "suspend }\nforbid resume when size > 1cu")) (asleep + "at 1m statement for 1s\nexpect nothing until 5m\nexpect queries.held == 0 until 5m")
    Assert.That(run.Timeline(), Does.Contain "1 held get an error")
    Assert.That(run.Passed, Is.True, run.Render())

[<Test>]
let ``what is not measured is unknown`` () =
    let rules = sleepy + "rule shrink on running { when avg(cpu, 1m) < 20% do resize down 0.5cu }\n"
    holds rules (running + "cpu = 5% for 10m\nidle = 0s\nexpect resize down at 40s")
    holds rules (running + "cpu = ? for 10m\nidle = 0s\nexpect nothing")

[<Test>]
let ``processors are used in proportion to the size that they have`` () =
    holds sleepy (running + "load = 0.5 cpu for 10m\nat 5m operator resize to 4cu\nexpect cpu == 50% between 5s .. 4m\nexpect cpu == 25% after 5m10s\nexpect queries.running == 1")

[<Test>]
let ``below its resident memory a database is not shrunk`` () =
    let rules = sleepy + "rule shrink on running { when cpu < 20% do resize down 0.5cu }\n"
    holds rules (running + "cpu = 1% for 1h\nidle = 0s\nresident = 3GiB\nexpect size == 2cu\nexpect no resize")
    holds rules (running + "cpu = 1% for 1h\nidle = 0s\nresident = 1GiB\nexpect running 1cu after 30m")

[<Test>]
let ``an open transaction keeps awake until it has been idle for as long as a rule allows`` () =
    let rules = "size 1cu .. 2cu\nrule give_up on running { when transactions.open > 0 do suspend breaking transactions idle 10m }\n"
    holds rules ("start 2026-03-02T20:00Z running 1cu\ntransactions.open = 0 for 1m, 1 for 1h\nexpect nothing until 11m\nexpect suspend at 11m\nexpect suspended after 12m")

[<Test>]
let ``an operator's word and a crash are answered`` () =
    holds sleepy (running + "idle = 0s for 20m\nat 1m operator resize to 1cu\nat 5m compute crashes\nat 10m compute serves at 3cu\nexpect resize down to 1cu by command at 1m\nexpect resume at 1cu by crash at 5m\nexpect running 3cu after 10m")

[<Test>]
let ``a clock that is set back is waited for at half its speed, and one that is set forward is followed`` () =
    let rules = "size 1cu .. 2cu\ncooldown suspend 0s\nrule sleep on running { when idle >= 5m do suspend }\nrule rest on running { when true for 30m do resize to 1cu }\n"
    let life = "start 2026-03-02T20:00Z running 2cu\nat 0s statement for 1s\n"
    holds rules (life + "expect suspend by sleep at 5m1s")
    holds rules (life + "at 1m1s clock back 1h\nexpect suspend by sleep at 9m1s\nat 10m statement for 1s\nexpect resume by wake at 10m")
    holds rules (life + "at 1m1s clock back 1m\nexpect suspend by sleep at 6m1s")
    holds rules (life + "at 1m1s clock forward 1h\nexpect resize down to 1cu by rest at 1m1s\nexpect suspend by sleep at 5m1s")
    holds rules (life + "at 1m1s clock back 1h\nat 3m1s clock forward 1h\nexpect suspend by sleep at 5m1s")

[<Test>]
let ``how long something takes is not held against whose clock is set`` () =
    let rules = "size 1cu .. 2cu\nrule sleep on running { when idle >= 5m do suspend }\nproperty slow = at most 1 suspend per 10m\n"
    let life = "start 2026-03-02T20:00Z running 2cu\nat 0s statement for 1s\nat 6m statement for 1s\n"
    Assert.That(came rules (life + "expect suspend at 11m2s"), Is.EqualTo "2 of them between 5m1s and 11m2s")
    holds rules (life + "at 8m clock forward 3h\nexpect suspend at 5m1s\nexpect suspend at 11m2s")

[<Test>]
let ``what was spent before counts, and goes on`` () =
    holds (sleepy + "forbid resize up when spent.day > 5\n") (running + "spent.day = 5\nidle = 0s for 30m\nexpect spent.day == 5 at 0s\nexpect spent.day == 6 at 30m")

[<Test>]
let ``a machine has what it has`` () =
    holds (sleepy + "rule grow on running { when cpu > 50% do resize up 100% }\n") (running + "machine 1.5 cpu + 16GiB memory\ncpu = 90% for 10m\nidle = 0s\nexpect running 3cu after 1m")

[<Test>]
let ``an expectation that is not met says what came instead`` () =
    let lines = running + "idle = 0s for 3m, rising for 30m\n"
    Assert.That(came sleepy (lines + "expect suspend by sleep between 5m .. 6m"), Does.Match "^suspend, by sleep: idle .*, at 8m$")
    Assert.That(came sleepy (lines + "expect nothing until 9m"), Does.EndWith "at 8m")
    Assert.That(came sleepy (lines + "expect resize up"), Is.EqualTo "nothing of the kind")
    Assert.That(came sleepy (lines + "expect running 1cu at 2m"), Is.EqualTo "running 2cu since 0s")
    Assert.That(came sleepy (lines + "expect suspended at 8m1s"), Does.StartWith "suspending 2cu since 8m1s")
    Assert.That(came sleepy (lines + "expect idle < 1m until 6m"), Is.EqualTo "it is false since 4m")
    Assert.That(came sleepy (lines + "expect cpu < 90% at 1m"), Is.EqualTo "it is unknown since 0s")

[<Test>]
let ``until leaves its end out, after its beginning, and between has both`` () =
    let lines = running + "idle = rising for 30m\n"
    holds sleepy (lines + "expect nothing until 5m\nexpect nothing after 5m\nexpect suspend between 5m .. 6m\nexpect suspend between 4m .. 5m\nexpect suspend at 5m")
    Assert.That(came sleepy (lines + "expect suspend until 5m"), Does.EndWith "at 5m")
    Assert.That(came sleepy (lines + "expect suspend after 5m"), Does.EndWith "at 5m")

[<Test>]
let ``a failure shows what happened around the first difference`` () =
    let run = run sleepy (running + "cpu = 40% for 2m, 2% for 30m\nidle = 0s for 3m, rising\nexpect suspend between 5m .. 6m")
    let lines = run.Render().Split '\n'
    Assert.That(lines[0], Is.EqualTo "  test.rules:7: expected suspend between 5m .. 6m")
    Assert.That(lines[1], Does.Match "^    came: suspend, by sleep: idle .*, at 8m$")
    Assert.That(lines |> Array.exists (fun line -> line.EndsWith "cpu 40%"), Is.True)
    Assert.That(lines |> Array.exists (fun line -> line.StartsWith "    ! " && line.Contains "expected suspend between 5m .. 6m"), Is.True)
    Assert.That(lines |> Array.exists (fun line -> line.StartsWith "    > " && line.Contains "suspend, by sleep"), Is.True)

[<Test>]
let ``a property is broken where it is broken`` () =
    let broken property lines =
        let run = run (sleepy + "property p = " + property + "\n") (running + lines + "\nexpect idle >= 0s")
        [ for failure in run.Failures -> failure.Expected, failure.AtMs ]

    let sleeps = "idle = 0s for 3m, rising for 10m, 0s for 5m, rising for 20m"
    equal [ "property p", 1_380_000L ] (broken "at most 1 suspend per 16m" sleeps)
    equal [] (broken "at most 1 suspend per 15m" sleeps)
    equal [ "property p", 480_000L ] (broken "never suspend when idle > 1m" sleeps)
    equal [] (broken "never suspend when queries.running > 0" sleeps)
    equal [ "property p", 181_000L ] (broken "always idle < 1s when connections.open == 0" sleeps)
    equal [] (broken "always cpu > 50%" sleeps)
    equal [] (broken "queries.held > 0 leads to first resume within 5s while suspended" sleeps)
    equal [ "property p", 240_000L ] (broken "queries.running == 0 leads to suspend within 1m" sleeps)
    equal [] (broken "queries.running == 0 leads to suspend within 5m while running" sleeps)

[<Test>]
let ``what was true for long before an action is what the property looks at`` () =
    let rules = "size 0.5cu .. 4cu step 0.5cu\nschedule work = mon..fri 20:15..23:00\nrule wake on suspended { when work do resume }\n"
    let zoned = "policy default zone \"Europe/Berlin\"\n" + rules
    let broken claim lines =
        let run = run (zoned + "property p = " + claim + "\n") (asleep + lines + "\nexpect connections.open >= 0")
        [ for failure in run.Failures -> failure.Expected, failure.AtMs ]

    equal [ "property p", 900_000L ] (broken "never resume when (connections.open == 0 for 10m)" "connections.open = 0 for 30m")
    equal [] (broken "never resume when (connections.open == 0 for 10m)" "connections.open = 0 for 6m, 1 for 2m, 0 for 22m")
    equal [] (broken "never resume when (queries.held == 0 for 10m)" "connections.open = 1 for 30m\nat 12m statement for 1s")

[<Test>]
let ``watching changes no decision`` () =
    let rules = sleepy + "rule grow on running { when avg(cpu, 1m) > 75% for 30s do resize up 50% }\nrule shrink on running { when avg(cpu, 5m) < 20% do resize down 0.5cu }\nrule quiet on running { when avg(queries.running, 1m) < 0.5 and avg(queries.running, 2m) > 0.4 do resize down 0.5cu }\n"
    let lines = running + "load = 0.2 cpu for 20m, 3 cpu for 20m, 0 cpu for 1h\nexpect nothing at 0s"
    let watching =
        rules
        + "property a = never suspend when avg(cpu, 7m) > 3% for 9s\nproperty b = always memory < 100% or idle > 3m for 1m\n"
        + "property c = never suspend when max(queries.running, 20h) > 1000\n"
    let words (run: ScenarioRun) = [ for action in run.Course.Actions -> action.At, action.Words ]
    let expected = words (run rules lines)
    Assert.That(expected.Length, Is.GreaterThan 3)
    equal expected (words (run watching lines))

[<Test>]
let ``a run is a function of its scenario`` () =
    let once () = (run sleepy (running + "load = 0.2 cpu for 20m, 3 cpu for 20m, 0 cpu for 1h\nat 5m 3 statements for 2s\nexpect nothing at 0s")).Timeline()
    equal (once ()) (once ())

[<Test>]
let ``whoever is there at the start wakes what sleeps then`` () =
    holds sleepy (asleep + "load = 0.2 cpu for 10m\nexpect resume at 2cu by wake at 0s\nexpect running after 1s")
    holds sleepy (asleep + "idle = 0s for 10m\nexpect resume by wake at 0s\nexpect running 2cu after 1s")
