/// What a simulation notes of what happened when.
module Serverless.Tests.Property.Rules.Simulating.TimelineTests

open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling
open Serverless.Tests.Property.Rules.Simulating.Loads
open Serverless.Tests.Property.Rules.Simulating.SimulationProperties

let private noted (case: Case) (most: int) : struct (Prediction * Timeline) =
    let load = rows case.Rows
    let timeline = Timeline((LoadSurvey.Of load).LengthMs, most)
    struct (Simulation.Run(example case.Policy, load, case.Compute, timeline), timeline)

let private columns (timeline: Timeline) = [ for index in 0 .. timeline.Count - 1 -> timeline[index] ]

[<FsCheck.NUnit.Property(MaxTest = 100, QuietOnSuccess = true, Arbitrary = [| typeof<Cases'> |])>]
let ``phases of all columns add up to the length, and the sleep to what is said of it`` (case: Case) =
    let struct (it, timeline) = noted case 37
    let all = columns timeline
    Assert.That(timeline.Count, Is.InRange(1, 37))
    equal it.LengthMs (all |> List.sumBy (fun one -> one.AsleepMs + one.StartingMs + one.ServingMs + one.StoppingMs))
    Assert.That(it.SuspendedMs, Is.LessThanOrEqualTo(all |> List.sumBy _.AsleepMs))

[<FsCheck.NUnit.Property(MaxTest = 100, QuietOnSuccess = true, Arbitrary = [| typeof<Cases'> |])>]
let ``it is noted without a change of what is charged and counted`` (case: Case) =
    let struct (noted, _) = noted case 37
    let bare = Simulation.Run(example case.Policy, rows case.Rows, case.Compute)
    equal (bare.UnitMs, bare.SuspendedMs, bare.Wakes, bare.Resizes, bare.Arrived) (noted.UnitMs, noted.SuspendedMs, noted.Wakes, noted.Resizes, noted.Arrived)

[<Test>]
let ``a night and a morning are in their columns`` () =
    let sleepy = policy (sized "rule sleep on running { when idle >= 1m do suspend }")
    let load = rows [ statements 0 0L<mcpu> 0L; statements 3_600 100L<mcpu> 5L; statements 7_200 0L<mcpu> 0L; LoadRow.Nothing(seconds 10_800) ]
    let timeline = Timeline(10_800_000L, 3)
    let it = Simulation.Run(sleepy, load, { ComputeModel.Default with StartMs = 4_000L }, timeline)
    let shape = LoadShape.Of(load, timeline)
    equal [ 0L; 100L; 0L ] [ for index in 0..2 -> shape.Mean index ]
    equal (3_600_000L, 0L) (timeline[0].AsleepMs, timeline[1].AsleepMs)
    // A minute idle, and two seconds to stop.
    Assert.That(timeline[2].AsleepMs, Is.EqualTo(3_538_000L).Within 1_000L)
    equal [ 0L; 4_000L; 0L ] [ for one in columns timeline -> one.StartingMs ]
    equal 0L timeline[0].LargestSize
    Assert.That(timeline[1].LargestSize, Is.GreaterThan 0L)
    equal it.LongestWait timeline[1].LongestWaitMs
    equal 20 timeline[1].Waiting
