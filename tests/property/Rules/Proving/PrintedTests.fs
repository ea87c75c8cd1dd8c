/// Lives of attacks as text: each is a right scenario of its policy, and is played as it was drawn.
module Serverless.Tests.Property.Rules.Proving.PrintedTests

open System
open System.IO
open System.Threading
open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules
open Serverless.Tests.Property.Rules.Compiling

/// Policies at the rims of what can be written.
let private odd =
    [ "huge",
      """unit cu = 64 cpu + 256GiB memory
size 1cu .. 4000cu step 1cu
rule grow on running { when avg(cpu, 10s) > 99.99% do resize up 100% }
rule shrink on running { when avg(memory, 10s) < 0.01% and cpu < 0.01% do resize down 1cu }
rule sleep on running { when idle >= 1s do suspend }"""
      "tiny",
      """unit cu = 10m cpu + 64MiB memory
size 0.001cu .. 0.003cu step 0.001cu
rule grow on running { when cpu > 0% for 1ms do resize up 0.001cu }
rule sleep on running { when idle >= 1ms do suspend }"""
      "long-ago",
      """policy odd zone "Africa/Monrovia"
size 1cu .. 2cu
schedule once = 1970-01-01..1970-01-03 00:00..00:30
rule large on running { when once do resize to 2cu }
rule small on running { when not once do resize to 1cu }
rule sleep on running { when idle >= 5m and not once do suspend }"""
      "far-ahead",
      """policy odd zone "America/St_Johns"
size 1cu .. 2cu
schedule once = 2149-03-09..2149-03-10 01:00..03:00
rule large on running { when once do resize to 2cu }
rule small on running { when not once do resize to 1cu }
rule sleep on running { when idle >= 5m do suspend }"""
      "half-an-hour",
      """policy odd zone "Australia/Lord_Howe"
size 1cu .. 2cu
schedule night = sun 01:30..02:10
rule large on running { when night do resize to 2cu }
rule small on running { when not night do resize to 1cu }
rule sleep on running { when idle >= 5m do suspend }"""
      "clocks-go-forward",
      """policy odd zone "Europe/Berlin"
size 1cu .. 2cu
schedule night = mon..sun 02:15..02:45
rule large on running { when night do resize to 2cu }
rule small on running { when not night for 7d do resize to 1cu }
rule sleep on running { when idle >= 90s do suspend }"""
      "all-that-is-measured",
      """size 1cu .. 8cu step 0.5cu
cooldown up 13s, down 7m, suspend 11s
metric queue: count every 7s stale 20s from sql "select 1"
metric due: flag every 30s from sql "select 1"
metric lag: duration every 5s from sql "select 1"
metric free: bytes every 1m from sql "select 1"
rule drain on running { when max(queue, 1m) > 12 and not due do resize up 100% }
rule catch-up on running { when lag > 1m30s or free < 100MiB do resize to 8cu priority 5 }
rule calm on running { when queries.rate < 2.5/s for 3m do resize down 0.5cu }
rule spend on running { when spent.day > 10 or spent.month > 100 do resize to 1cu priority 9 }
rule sleep on running { when idle >= 5m and connections.open == 0 do suspend breaking transactions idle 2m }
forbid suspend when due""" ]

let private texts: (string * string) list =
    [ for name in ExampleTests.names -> name, File.ReadAllText(Path.Combine(root, "rules", "examples", name + ".rules")) ] @ odd

let private names = texts |> List.map fst |> Array.ofList

/// What nearly every policy breaks, some of it in the first instant.
let private contrary =
    """property vast = always size >= 4096cu
property still = never suspend, resume, resize
property not-so-soon = never suspend when idle >= 1s
property small = never resize up
property once = at most 1 suspend per 1d
property settled = at most 1 resize per 1d
property odd-answer = queries.held > 0 leads to suspend within 1s
property other-first = queries.held > 0 leads to first resize up within 1m while suspended
property at-once = settles within 1ms
"""

let private compiled (name: string) (found: (string * string) list) : Suite =
    let text = texts |> List.find (fun (one, _) -> one = name) |> snd
    let policy = (RuleFiles.Compile [ RuleFile("the.rules", text) ]).Policies[0].Name
    let file (title, text) = RuleFile(title, $"policy {policy}\n" + text)
    let set = RuleFiles.Compile(RuleFile("the.rules", text) :: List.map file found)
    Assert.That(set.IsValid, Is.True, set.Render() + "\n" + (found |> List.map snd |> String.concat "\n"))
    set.Suites[0]

[<TestCaseSource(nameof names)>]
let ``a life that is drawn is written as a scenario that is played the same`` (name: string) =
    let suite = compiled name [ "contrary.rules", contrary ]
    let court = Court suite
    let interests = Interests.ofSuite court.Policy (List.ofSeq suite.Properties)

    let lives =
        [ for case in 1L .. 4L do
              let draw = Draw(3UL, case)
              let first = if case % 4L = 0L then Attacking.steady draw interests 7_200_001L<ms> else Attacking.story draw interests
              first
              yield! Attacking.worse draw first (court.Try first).Course |> Option.toList ]

    let blocks =
        [ for index, life in List.indexed lives ->
              ScenarioText.write suite.Policy.Zone $"life {index}" life life.Length $"true at {Quantity.show Duration (int64 life.Length)}" ]

    let written = compiled name [ "contrary.rules", contrary; "lives.rules", String.concat "\n" blocks ]

    for index, life in List.indexed lives do
        let again = written.Scenarios |> Seq.find (fun scenario -> scenario.Title = $"life {index}")
        let drawn, played = Player.play court.Policy [] (Attack.scenario life), Player.play court.Policy [] again
        equal (blocks[index], drawn.Length, List.ofArray drawn.Actions) (blocks[index], played.Length, List.ofArray played.Actions)
        equal (blocks[index], List.ofArray drawn.Standings) (blocks[index], List.ofArray played.Standings)

[<TestCaseSource(nameof names)>]
let ``what is printed is a scenario in which the same is broken`` (name: string) =
    let suite = compiled name [ "contrary.rules", contrary ]
    // The time bounds how small it is made; one life is enough to break the first of what is contrary.
    let run = Prover.Run(suite, ProveOptions(5UL, 8L, TimeSpan.FromSeconds 4.0, Environment.ProcessorCount), Action<ProveProgress>(fun _ -> ()), CancellationToken.None)
    let broken = [ for result in run.Results do match result.Example with null -> () | example -> result, example ]
    Assert.That(broken, Is.Not.Empty, name)
    let again = compiled name [ "contrary.rules", contrary; "found.rules", broken |> List.map (fun (_, example) -> example.Scenario) |> String.concat "\n" ]
    let found = again.Scenarios |> Seq.filter (fun scenario -> scenario.Origin.File = "found.rules") |> List.ofSeq
    equal broken.Length found.Length

    for (result, example), scenario in List.zip broken found do
        Assert.That(result.IsDeclared, Is.True, $"{result.Name}\n{example.Scenario}{example.Timeline}")
        Assert.That(Prover.BrokenIn(again, scenario), Does.Contain result.Name, example.Scenario)
        let missed = (ScenarioRunner.Run(again, scenario)).Failures |> Seq.map _.Expected |> List.ofSeq
        let shown = example.Scenario + String.concat "\n" missed
        Assert.That(missed |> List.exists (fun expected -> not (expected.StartsWith "property ")), shown)
        // A scenario does not judge whether a policy settles; what it expects does.
        if result.Name <> "at-once" && result.Name <> "settles" then Assert.That(missed, Does.Contain $"property {result.Name}", shown)
