module PolicyTests

open System.IO
open NUnit.Framework
open Serverless.Core
open Serverless.Rules

/// The folder of the rules, which is copied beside the tests.
let private lab () = PolicyLab.Open(Path.Combine(TestContext.CurrentContext.TestDirectory, "rules"), "default")

[<Test>]
let ``the checker has nothing to say`` () = Assert.That((lab ()).Warnings, Is.Empty)

[<Test>]
let ``all scenarios hold`` () =
    for run in (lab ()).Test() do
        Assert.That(run.Passed, Is.True, run.Render())

[<Test>]
let ``no life that is drawn breaks a property`` () =
    for result in (lab ()).Prove(64L, 1UL).Results do
        match result.Example with
        | null -> ()
        | example -> Assert.Fail(example.Came + "\n" + example.Scenario)

[<Test>]
let ``no life has two suspends within a minute`` () =
    let check (life: DrawnLife) : string | null =
        let suspends = [ for action in life.Actions do if action.Kind = ActionKind.SuspendAction then int64 action.At ]
        if not life.SetsClock && List.pairwise suspends |> List.exists (fun (one, next) -> next - one < 60_000L) then "it is suspended twice within a minute" else null

    match (lab ()).Attack(64L, 1UL, check) with
    | null -> ()
    | found -> Assert.Fail(found.Came + "\n" + found.Scenario)

[<Test>]
let ``a week of the office costs half of always on at most, and hardly anybody waits`` () =
    let lab = lab ()
    let it = lab.Simulate(lab.Model("office", 7, 2.0m, 1UL))
    Assert.That(it.UnitHours, Is.LessThan(4.0 * 24.0 * 7.0 / 2.0))
    Assert.That(it.Waits.P99, Is.LessThan 1_000L)
