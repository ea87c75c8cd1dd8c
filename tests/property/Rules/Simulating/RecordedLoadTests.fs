/// A load made of what a kernel was told.
module Serverless.Tests.Property.Rules.Simulating.RecordedLoadTests

open System
open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling
open Serverless.Tests.Property.Rules.Simulating.Loads

let private unit: ComputeUnit = { Cpu = 500L<mcpu>; Memory = 2_147_483_648L<bytes> }

let private recorded (inputs: (Input * bool * int64) list) : (LoadSource * LoadRow list) =
    let load = RecordedLoad()

    for input, isUp, size in inputs do
        load.Add(input, unit, isUp, size)

    let load = load.ToLoad "recorded"
    use reader = load.Open()
    let mutable row = LoadRow.Nothing 0L<ms>
    let rows = ResizeArray()

    while reader.Read(&row, Array.zeroCreate load.Metrics.Count) do
        rows.Add row

    load, List.ofSeq rows

let private activity held running rate latency = Inputs.Activity(held, running, 0, 0, 3, running, 0, Nullable(), 0L, 0L, rate, latency)

[<Test>]
let ``usage and the size it was measured at say how much work there was`` () =
    let load, rows =
        recorded
            [ Inputs.ActivityChanged(noon, activity 0 1 20_000L 5L), true, 1_000L
              Inputs.Measured(noon, "cpu", 6_000L), true, 1_000L
              Inputs.Unreclaimable(noon, 7L), true, 1_000L
              Inputs.Measured(noon + 5_000L, "cpu", 6_000L), true, 2_000L
              Inputs.Gone(noon + 9_000L), true, 2_000L
              Inputs.Tick(noon + 20_000L), false, 2_000L ]

    equal (noon, true) (load.StartMs, load.HasMemory)
    equal [ 0L, 300L; 5_000L, 600L; 20_000L, 0L ] [ for row in rows -> int64 row.At, int64 row.Cpu ]
    equal (20_000L, 5L<ms>, 7L<bytes>, 3) (rows[0].Rate, rows[0].Latency, rows[0].Resident, rows[0].Open)

[<Test>]
let ``who was held asked for it as well`` () =
    let _, rows =
        recorded
            [ Inputs.Tick noon, false, 500L
              Inputs.ActivityChanged(noon + 1_000L, activity 1 0 0L 0L), false, 500L
              Inputs.ActivityChanged(noon + 2_000L, activity 0 0 0L 0L), true, 500L
              Inputs.Tick(noon + 9_000L), true, 500L ]

    equal [ 1_000L, 1_000L; 2_000L, 0L; 9_000L, LoadRow.NotGiven ] [ for row in rows -> int64 row.At, row.Rate ]

[<Test>]
let ``metrics of its own go with it, and are missing before they were measured`` () =
    let load, _ = recorded [ Inputs.Measured(noon, "backup", 1L), true, 500L; Inputs.Measured(noon + 5L, "jobs", 2L), true, 500L; Inputs.Tick(noon + 9L), true, 500L ]
    equal [ "backup"; "jobs" ] (List.ofSeq load.Metrics)
    use reader = load.Open()
    let mutable row = LoadRow.Nothing 0L<ms>
    let values = Array.zeroCreate 2
    Assert.That(reader.Read(&row, values))
    equal [ 1L; LoadRow.Missing ] (List.ofArray values)

[<Test>]
let ``what lasts no time has no length`` () =
    let load = RecordedLoad()
    load.Add(Inputs.Tick noon, unit, true, 500L)
    Assert.That(load.HasLength, Is.False)
