/// The named models: the same for the same seed, of the shape that they say, and each policy of rules/examples through each.
module Serverless.Tests.Property.Rules.Simulating.ModelLoadTests

open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling
open Serverless.Tests.Property.Rules.Simulating.Loads

let private utc: Zone = { Name = "UTC"; Transitions = [] }
let private day = 86_400_000L
/// A Monday.
let private monday = 1_772_409_600_000L
let models = [| for struct (name, _) in ModelLoad.Models -> name |]

let private model name seed zone start length : LoadSource =
    match ModelLoad.Of(name, seed, zone, start, length, 2_000L) with
    | null -> failwith $"no model {name}"
    | load -> load

let private read (load: LoadSource) =
    use reader = load.Open()
    let mutable row = LoadRow.Nothing 0L<ms>
    let rows = ResizeArray()

    while reader.Read(&row, [||]) do
        rows.Add row

    List.ofSeq rows

[<TestCaseSource(nameof models)>]
let ``a model is the same for the same seed, and another for another`` (name: string) =
    equal (read (model name 7UL utc monday (7L * day))) (read (model name 7UL utc monday (7L * day)))
    Assert.That((read (model name 7UL utc monday (7L * day)) = read (model name 8UL utc monday (7L * day))), Is.False)

[<TestCaseSource(nameof models)>]
let ``a model keeps to its peak and its length`` (name: string) =
    let rows = read (model name 1UL utc (monday + 12_345L) (14L * day))
    Assert.That(rows |> List.pairwise |> List.forall (fun (one, next) -> next.At > one.At))
    equal (14L * day) (int64 (List.last rows).At)
    Assert.That(rows |> List.forall (fun row -> row.Cpu >= 0L<mcpu> && row.Cpu <= 2_000L<mcpu>))
    equal 2_000L<mcpu> (rows |> List.map _.Cpu |> List.max)

let private busyAt (rows: LoadRow list) dayOf hour =
    let at = (int64 dayOf * day + int64 hour * 3_600_000L) * 1L<ms>
    (rows |> List.findBack (fun row -> row.At <= at)).Cpu > 0L<mcpu>

[<Test>]
let ``an office works on weekdays, and not at night`` () =
    let rows = read (model "office" 1UL utc monday (7L * day))
    equal [ true; true; true; true; true; false; false ] [ for of' in 0..6 -> busyAt rows of' 10 ]
    Assert.That([ for of' in 0..6 -> busyAt rows of' 3 ], Has.All.False)

[<Test>]
let ``people at home are always there, and most in the evening`` () =
    let rows = read (model "web" 1UL utc monday (7L * day))
    Assert.That(rows |> List.take (rows.Length - 1) |> List.forall (fun row -> row.Cpu > 0L<mcpu>))
    let mean hour = rows |> List.filter (fun row -> int64 row.At / 3_600_000L % 24L = hour) |> List.averageBy (fun row -> float (int64 row.Cpu))
    Assert.That(mean 20L, Is.GreaterThan(5.0 * mean 4L))

/// On the night of 2026-03-29 clocks in Berlin go from two to three.
[<Test>]
let ``a night that clocks are changed in is the night of the zone`` () =
    let berlin = (policy ("policy default zone \"Europe/Berlin\"\n" + sized "")).Zone
    // Midnight in Berlin, an hour before UTC's.
    let rows = read (model "office" 1UL berlin (1_774_738_800_000L - 2L * day) (9L * day))
    // Monday at seven is 05:00 UTC in summer, and was 06:00 in winter.
    let workAt instant = (rows |> List.findBack (fun row -> int64 row.At <= instant - (1_774_738_800_000L - 2L * day))).Cpu > 0L<mcpu>
    Assert.That(workAt 1_774_846_800_000L, Is.True)
    Assert.That(workAt 1_774_843_200_000L, Is.False)

let policies = [| for name in Serverless.Tests.Property.Rules.ExampleTests.names do for model in models -> TestCaseData(name, model) |]

[<TestCaseSource(nameof policies)>]
let ``each example goes through each model`` (name: string, kind: string) =
    let policy = example name
    let load = model kind 1UL policy.Zone monday (7L * day)
    let it = Simulation.Run(policy, load, ComputeModel.Default)
    equal (7L * day) it.LengthMs
    equal (integral it) it.UnitMs
    equal it.Arrived (it.Answered + it.Refused + it.Waiting)
    Assert.That(it.Answered, Is.GreaterThan 0L)
    Assert.That(it.UnitHours, Is.GreaterThan 0.0)
