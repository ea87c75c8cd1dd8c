/// Attacks on policies: what is wrong is found, made small, and printed so that it can be played again.
module Serverless.Tests.Property.Rules.Proving.ProverTests

open System
open System.IO
open System.Threading
open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling

let private planted = Path.Combine(root, "tests", "property", "Rules", "Proving", "planted")
let private names = Directory.GetFiles(planted, "*.rules") |> Array.map (fun (path: string) -> Path.GetFileNameWithoutExtension path) |> Array.sort
let private ignored = Action<ProveProgress>(fun _ -> ())

let private prove (cases: int) (suite: Suite) =
    Prover.Run(suite, ProveOptions(1UL, int64 cases, TimeSpan.MaxValue, Environment.ProcessorCount), ignored, CancellationToken.None)

let private text name = File.ReadAllText(Path.Combine(planted, name + ".rules"))

let private valid (set: RuleSet) =
    Assert.That(set.IsValid, Is.True, set.Render())
    set

let private suite (set: RuleSet) name = set.Suites |> Seq.find (fun suite -> suite.Policy.Name = name)

/// Parts of a scenario that say what comes about.
let private parts (scenario: string) =
    scenario.Split '\n' |> Array.filter (fun line -> line.StartsWith "  " && not (line.Contains "start ") && not (line.Contains "expect ")) |> Array.sumBy (fun line -> 1 + (line |> Seq.filter ((=) ',') |> Seq.length))

[<Test>]
let ``twenty faults are planted`` () =
    Assert.That(names.Length, Is.GreaterThanOrEqualTo 20)

[<TestCaseSource(nameof names)>]
let ``a planted fault is found, made small, and played again from what is printed`` (name: string) =
    let set = valid (RuleFiles.Compile [ RuleFile("planted.rules", text name) ])
    let run = prove 4_000 (suite set "broken")
    let broken = run.Results |> Seq.filter (fun result -> result.Verdict = ProveVerdict.Broken) |> List.ofSeq
    Assert.That(broken, Has.Exactly(1).Items, String.concat ", " (broken |> List.map _.Name))
    Assert.That(broken.Head.IsDeclared)

    match broken.Head.Example with
    | null -> Assert.Fail "no example"
    | example ->
        TestContext.Out.WriteLine $"case {example.Case}, {run.Lives} lives, {run.Elapsed.TotalSeconds:F1} s\n{example.Scenario}"
        Assert.That(parts example.Scenario, Is.LessThanOrEqualTo 8, example.Scenario)
        let again = valid (RuleFiles.Compile [ RuleFile("planted.rules", text name); RuleFile("found.rules", "policy broken\n" + example.Scenario) ])
        let played = ScenarioRunner.RunAll(suite again "broken") |> Seq.exactlyOne
        let missed = played.Failures |> Seq.map _.Expected |> List.ofSeq
        // A load that does not change is not judged by a scenario; what it expects is.
        let isSteady = (text name).Contains "settles within" && broken.Head.Name = "settles"
        Assert.That(missed |> List.exists (fun expected -> isSteady || expected = $"property {broken.Head.Name}"), example.Scenario + played.Render())
        Assert.That(missed |> List.exists (fun expected -> not (expected.StartsWith "property ")), example.Scenario + played.Render())

[<TestCaseSource(nameof names)>]
let ``its repaired twin stands all that is drawn for it`` (name: string) =
    let set = valid (RuleFiles.Compile [ RuleFile("planted.rules", text name) ])
    let run = prove 150 (suite set "repaired")

    for result in run.Results do
        match result.Example with
        | null -> if result.IsDeclared then Assert.That(result.Verdict, Is.EqualTo ProveVerdict.Held, result.Name)
        | example -> Assert.Fail $"{result.Name}\n{example.Scenario}\n{example.Timeline}"

[<Test>]
let ``the same seed finds the same`` () =
    let set = valid (RuleFiles.Compile [ RuleFile("planted.rules", text "runs-away") ])
    let shown (run: ProveRun) = run.Results |> Seq.choose (fun result -> Option.ofObj result.Example) |> Seq.map _.Scenario |> String.concat "\n"
    equal (shown (prove 300 (suite set "broken"))) (shown (prove 300 (suite set "broken")))

[<Test>]
let ``what never comes about is not said to hold`` () =
    let rules = "rule sleep on running { when idle >= 5m do suspend }\nproperty odd = never suspend when connections.open > 900000000\n"
    let run = prove 40 (valid (compile (sized rules))).Suites[0]
    equal [ ProveVerdict.Untested ] [ for result in run.Results do if result.IsDeclared then result.Verdict ]

[<Test>]
let ``a rule that has the name of a built-in reason is not counted for it`` () =
    let rules = "rule sleep on running { when idle >= 1m do suspend }\nrule wake on suspended { when connections.open > 900000000 do resume }\nrule bounds on suspended { when idle >= 10m do resume }\n"
    let run = prove 80 (valid (compile (sized rules))).Suites[0]
    let decided name = (run.Rules |> Seq.find (fun rule -> rule.Rule = name)).Decided
    equal 0L (decided "wake")
    Assert.That(decided "bounds", Is.GreaterThan 0L)

[<Test>]
let ``a check of a team's own is held against the lives that are drawn, and what it finds is small and plays alike`` () =
    let rules = sized "rule sleep on running { when idle >= 1m do suspend }\nrule grow on running { when avg(cpu, 1m) > 75% do resize up 0.5cu }\n"
    let lab = PolicyLab.Of(valid (compile rules), "default")
    let isSuspend (action: Begun) = action.Kind = SuspendAction
    let check (life: DrawnLife) : string | null = if Seq.exists isSuspend life.Actions then "it is suspended" else null
    Assert.That(lab.Attack(20L, 7UL, (fun _ -> null)), Is.Null)
    Assert.That(lab.Attack(-1L, 7UL, (fun _ -> "whatever it is")), Is.Null)
    let clocks = [ for case in 0L .. 99L do for life in lab.Lives(7UL, case) do life.SetsClock, life.Scenario("it").Contains " clock " ]
    Assert.That(clocks |> List.forall (fun (sets, says) -> sets = says) && List.exists fst clocks, Is.True)

    match lab.Attack(20L, 7UL, check), lab.Attack(20L, 7UL, check) with
    | null, _
    | _, null -> Assert.Fail "twenty lives, and none of them is suspended"
    | found, again ->
        equal found.Scenario again.Scenario
        equal "it is suspended" found.Came
        Assert.That(found.Scenario.Split('\n').Length, Is.LessThanOrEqualTo 8, found.Scenario)
        let written = valid (RuleFiles.Compile [ RuleFile("a.rules", rules); RuleFile("found.rules", "policy default\n" + found.Scenario) ])
        let run = ScenarioRunner.RunAll written.Suites[0] |> Seq.exactlyOne
        Assert.That(run.Passed, Is.True, run.Render())
        Assert.That(run.Timeline(), Does.Contain "suspend")

    let shown (lives: seq<DrawnLife>) = [ for life in lives -> life.Scenario "a \"life\"\nof two lines", life.LengthMs, life.Standings.Count ]
    equal (shown (lab.Lives(7UL, 3L))) (shown (lab.Lives(7UL, 3L)))
