/// The policies of rules/examples: each is right, does what its scenarios say, and settles.
module Serverless.Tests.Property.Rules.ExampleTests

open System.IO
open NUnit.Framework
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling

let private folder = Path.Combine(root, "rules", "examples")
let private set = RuleFiles.Load folder
let names: string[] = [| for suite in set.Suites -> suite.Policy.Name |]
let private suite (name: string) = set.Suites |> Seq.find (fun suite -> suite.Policy.Name = name)

[<Test>]
let ``the examples compile without a word, save for what could not be checked of them`` () =
    equal
        [ for name in [ "cost-cap"; "memory-bound"; "neon-like"; "web-shop" ] -> "R119", name + ".rules" ]
        [ for found in set.Diagnostics -> found.Code, FileInfo(found.File).Name ]

[<Test>]
let ``there are ten, each in a file of its name, with scenarios and properties`` () =
    equal (DirectoryInfo(folder).GetFiles "*.rules" |> Array.map (fun file -> Path.GetFileNameWithoutExtension file.Name) |> Array.sort |> List.ofArray) (List.ofArray names)
    equal 10 names.Length

    for name in names do
        Assert.That((suite name).Scenarios.Count, Is.GreaterThanOrEqualTo 3, name)
        Assert.That((suite name).Properties |> Seq.exists _.Claim.IsSettlesWithin, Is.True, name)

[<TestCaseSource(nameof names)>]
let ``an example does what its scenarios say`` (name: string) =
    for run in ScenarioRunner.RunAll(suite name) do
        Assert.That(run.Passed, Is.True, $"{run.Title}\n{run.Render()}\n{run.Timeline()}")

[<TestCaseSource(nameof names)>]
let ``an example settles, and keeps its properties, under every steady load`` (name: string) =
    let run = ScenarioRunner.RunSteady(suite name)
    Assert.That(run.Passed, Is.True, String.concat "\n" [ for failure in run.Failures -> $"{failure.Property}: under {failure.Under}, {failure.Came}" ])
    Assert.That(run.Count, Is.GreaterThanOrEqualTo 12)

[<Test>]
let ``the policy that ships is no example, and the examples are none of its set`` () =
    equal [ "default" ] [ for policy in (RuleFiles.Load(Path.Combine(root, "rules"))).Policies -> policy.Name ]
