/// A load made of what a kernel was told.
module Serverless.Tests.Property.Rules.Simulating.RecordedLoadTests

open System
open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling
open Serverless.Tests.Property.Rules.Simulating.Loads

let private unit: ComputeUnit = { Cpu = 500L<mcpu>; Memory = 2_147_483_648L<bytes> }

let private read (load: LoadSource) : LoadRow list =
    use reader = load.Open()
    let mutable row = LoadRow.Nothing 0L<ms>
    let rows = ResizeArray()

    while reader.Read(&row, Array.zeroCreate load.Metrics.Count) do
        rows.Add row

    List.ofSeq rows

let private recorded (inputs: (Input * Phase * int64) list) : (LoadSource * LoadRow list) =
    let load = RecordedLoad()

    for input, phase, size in inputs do
        load.Add(input, unit, phase, size)

    let load = load.ToLoad "recorded"
    load, read load

/// `ended` and `since`: milliseconds after noon.
let private activity held running rate latency (ended: int64) (since: int64 option) =
    let since = since |> Option.map (fun at -> noon + at) |> Option.toNullable
    Inputs.Activity(held, running, 0, 0, 3, running, 0, Nullable(noon + ended), 0L, 0L, rate, latency, since)

let private reckoned since at held running rate latency ended =
    Inputs.ActivityChanged(noon + at, activity held running rate latency ended since), Phase.Running, 500L

/// With a rate over the second before.
let private told at held running rate latency ended = reckoned (if rate > 0L then Some(at - 1_000L) else None) at held running rate latency ended
let private tick at = Inputs.Tick(noon + at), Phase.Running, 500L

/// Until the next row: when, statements that come at once, under way, and a second in thousandths.
let private course (rows: LoadRow list) = [ for row in List.truncate (rows.Length - 1) rows -> int64 row.At, row.Come, row.Running, row.Rate / 1_000L ]

let private answered (load: LoadSource) =
    let it = Simulation.RunFrom(policy (sized "rule sleep on running { when idle >= 1000h do suspend }"), load, ComputeModel.Default, 500L)
    it.Arrived

[<Test>]
let ``usage is that of the time before it, at the size it was measured at`` () =
    let load, rows =
        recorded
            [ tick 0L
              Inputs.Measured(noon + 5_000L, "cpu", 6_000L), Phase.Running, 1_000L
              Inputs.Unreclaimable(noon + 5_000L, 7L), Phase.Running, 1_000L
              Inputs.Measured(noon + 10_000L, "cpu", 6_000L), Phase.Draining, 2_000L
              Inputs.Gone(noon + 12_000L), Phase.Suspending, 2_000L
              Inputs.Tick(noon + 20_000L), Phase.Suspended, 2_000L
              Inputs.Tick(noon + 30_000L), Phase.Suspended, 2_000L ]

    equal (noon, true) (load.StartMs, load.HasMemory)
    equal [ 0L, 300L; 5_000L, 600L; 20_000L, 0L; 30_000L, 0L ] [ for row in rows -> int64 row.At, int64 row.Cpu ]
    equal [ 0L; 7L ] [ for row in List.truncate 2 rows -> int64 row.Resident ]

/// A sample a moment after the wake would find an idle compute otherwise, and rules would make it smaller.
[<Test>]
let ``the first usage after a wake is that of the time since who was held was let go`` () =
    let asleep at held running = Inputs.ActivityChanged(noon + at, Inputs.Activity(held, running, 0, 0, 3, running, 0, Nullable(), 0L, 0L, 0L, 0L, Nullable())), Phase.Resuming, 500L
    let sample at = Inputs.Measured(noon + at, "cpu", 6_000L), Phase.Running, 1_000L
    let cpu (rows: LoadRow list) = [ for row in rows -> int64 row.At, int64 row.Cpu ] |> List.filter (fun (at, _) -> at > 0L && at < 60_000L)
    let _, rows = recorded [ asleep 0L 0 0; asleep 30_000L 1 0; asleep 30_400L 0 1; tick 31_300L; sample 36_300L; tick 60_000L ]
    equal [ 30_000L, 0L; 30_400L, 300L ] (cpu rows)
    let _, rows = recorded [ asleep 0L 0 0; tick 31_300L; sample 36_300L; tick 60_000L ]
    equal [ 31_300L, 300L ] (cpu rows)

[<Test>]
let ``a rate is that of the second before it`` () =
    let load, rows = recorded [ tick 0L; told 4_000L 0 0 0L 0L -1L; told 5_000L 0 1 20_000L 5L 4_990L; told 6_000L 0 0 0L 0L 5_100L; tick 9_000L ]
    equal [ 0L, 0, 0, 0L; 4_000L, 0, 0, 20_000L; 5_000L, 0, 1, 0L; 5_100L, 0, 0, 0L ] (course rows)
    equal 5L<ms> rows[1].Latency
    equal 20_000L (answered load)

/// Four in 1.2 seconds: the gateway looks when it looks, and says 3333 thousandths a second.
[<Test>]
let ``statements are counted in whole ones`` () =
    let load, _ = recorded [ tick 0L; told 2_000L 0 0 0L 0L -1L; reckoned (Some 2_000L) 3_200L 0 0 3_333L 5L 3_100L; told 4_200L 0 0 0L 0L 3_100L; tick 9_000L ]
    equal 4_000L (answered load)

[<Test>]
let ``a statement that was never seen running came when it must have begun`` () =
    let load, rows = recorded [ told 0L 0 0 0L 0L -1L; reckoned (Some 59_000L) 60_200L 0 0 833L 30L 59_500L; told 61_200L 0 0 0L 0L 59_500L; tick 90_000L ]
    equal [ 0L, 0, 0, 0L; 59_470L, 1, 0, 0L ] (course rows)
    equal 30L<ms> rows[1].Latency
    equal 1_000L (answered load)

[<Test>]
let ``pings that would wake nobody are no statements`` () =
    let load, _ = recorded [ tick 0L; told 60_200L 0 0 2_000L 1L 30L; told 61_200L 0 0 0L 0L 30L; tick 90_000L ]
    equal 0L (answered load)

[<Test>]
let ``a long statement keeps it busy, and is counted once`` () =
    let load, rows = recorded [ tick 0L; told 10_000L 0 1 0L 0L 1L; reckoned (Some 69_390L) 70_400L 0 0 990L 60_500L 70_300L; told 71_400L 0 0 0L 0L 70_300L; tick 90_000L ]
    equal [ 0L, 0, 0, 0L; 9_800L, 1, 0, 0L; 10_000L, 0, 1, 0L; 70_300L, 0, 0, 0L ] (course rows)
    equal 1_000L (answered load)

[<Test>]
let ``who was held came then, and is not counted again when it ends`` () =
    let asleep at held = Inputs.ActivityChanged(noon + at, activity held 0 0L 0L 1L None), Phase.Resuming, 500L

    let load, rows =
        recorded
            [ asleep 0L 0
              asleep 30_000L 1
              asleep 30_500L 3
              told 31_000L 0 3 0L 0L 1L
              told 32_000L 0 0 4_000L 5L 31_900L
              told 33_000L 0 0 0L 0L 31_900L
              tick 60_000L ]

    equal [ 30_000L, 1; 30_500L, 2; 31_895L, 1 ] [ for row in rows do if row.Come > 0 then int64 row.At, row.Come ]
    equal 4_000L (answered load)

/// The time of the rate began before the compute served: whoever was not held came after that.
[<Test>]
let ``who was not held came when those who were had been let go`` () =
    let asleep at held running ended = Inputs.ActivityChanged(noon + at, activity held running 0L 0L ended None), Phase.Resuming, 500L

    let load, rows =
        recorded
            [ asleep 0L 0 0 1L
              asleep 30_000L 1 0 1L
              asleep 30_400L 0 1 1L
              told 31_000L 0 0 0L 0L 30_900L
              told 31_400L 0 0 4_000L 5L 30_900L
              told 32_400L 0 0 0L 0L 30_900L
              tick 60_000L ]

    equal [ 0L, 0, 0, 0L; 30_000L, 1, 0, 0L; 30_400L, 0, 1, 6_000L; 30_900L, 0, 0, 0L ] (course rows)
    equal 4_000L (answered load)

/// Between two looks that reckon anew there may be others, which tell the rate of before again; and a rate that is reckoned anew may be the same.
[<Test>]
let ``a rate that is told again is counted once, and one that is reckoned again once more`` () =
    let load, _ =
        recorded
            [ tick 0L
              told 10_000L 0 1 2_000L 5L 9_900L
              reckoned (Some 9_000L) 10_300L 0 2 2_000L 5L 9_900L
              reckoned (Some 10_000L) 11_000L 0 0 2_000L 5L 10_900L
              told 12_000L 0 0 0L 0L 10_900L
              tick 30_000L ]

    equal 4_000L (answered load)

/// Three in a second and a half, after a look that told nothing: what a rate is reckoned over is as long as it says, also where the look came late.
[<TestCase(10_000L, 11_500L, 2_000L, 3_000L)>]
[<TestCase(10_000L, 10_998L, 1_002L, 1_000L)>]
[<TestCase(10_000L, 12_200L, 5_454L, 12_000L)>]
[<TestCase(10_000L, 70_000L, 100L, 6_000L)>]
let ``statements are as many as ended in the time of the rate`` (since: int64) (at: int64) (rate: int64) (count: int64) =
    let load, _ = recorded [ tick 0L; reckoned (Some since) at 0 0 rate 5L (at - 100L); told (at + 1_000L) 0 0 0L 0L (at - 100L); tick 90_000L ]
    equal count (answered load)

/// As in the logs of before it was told; and a time that was reckoned by another clock is none.
[<Test>]
let ``a rate of a time that is not known is that of a second`` () =
    for since in [ None; Some 20_000L; Some -3_600_000L; Some(Int64.MinValue / 2L) ] do
        let busy at running = reckoned since at 0 running 3_000L 5L (at - 100L)
        let load, rows = recorded [ tick 0L; busy 10_000L 1; busy 10_500L 0; told 11_500L 0 0 0L 0L 10_400L; tick 30_000L ]
        equal [ 9_000L, 3_000L ] [ for at, _, _, rate in course rows do if rate > 0L then at, rate ]
        equal 3_000L (answered load)

/// Looks are at least 950 ms apart; what is told again sooner is the rate of before.
[<Test>]
let ``equal rates of times that are not known are those of a second each`` () =
    let steady at = reckoned None at 0 0 1_000L 5L (at - 100L)
    let load, _ = recorded (tick 0L :: [ for at in 1L .. 20L -> steady (at * 1_000L) ])
    equal 20_000L (answered load)

/// The gateway heard of it a second after its end, when the time of the rate had begun anew; what ends nothing is a ping still, also where the same end is heard of
/// with a little more delay.
[<Test>]
let ``a statement that is heard of late is counted, and where it is heard of`` () =
    let late at since ended = reckoned (Some since) at 0 0 1_000L 5L ended

    let load, rows =
        recorded
            [ tick 0L
              late 60_000L 59_000L 59_500L
              told 61_000L 0 0 0L 0L 59_500L
              late 102_000L 101_000L 100_220L
              told 103_000L 0 0 0L 0L 100_220L
              late 120_000L 119_000L 100_260L
              tick 130_000L ]

    equal [ 59_495L; 101_995L ] [ for row in rows do if row.Come > 0 then int64 row.At ]
    equal 2_000L (answered load)
    let load, _ = recorded [ tick 0L; late 60_600L 59_600L 60_300L; late 61_600L 60_600L 60_500L; told 62_600L 0 0 0L 0L 60_500L; tick 90_000L ]
    equal 2_000L (answered load)

[<Test>]
let ``what a transaction asks for is work, though its statements are seen to end before`` () =
    let asks at = Inputs.ActivityChanged(noon + at, Inputs.Activity(0, 0, 1, 0, 3, 1, 0, Nullable(noon + 900L), 0L, 0L, 3_000L, 5L, Nullable(noon + at - 1_000L))), Phase.Running, 500L
    let load, _ = recorded [ tick 0L; asks 1_000L; asks 6_000L; told 7_000L 0 0 0L 0L 900L; tick 30_000L ]
    equal 6_000L (answered load)

/// All of what the first row tells ended before anything is known; of a time that reaches back before it, what comes after it counts.
[<Test>]
let ``of a rate that began before the log, the part since counts`` () =
    let busy at = reckoned (Some -1_000L) at 0 1 10_000L 5L 1L
    let load, _ = recorded [ busy 0L; busy 300L; tick 1_000L; tick 30_000L ]
    equal 0L (answered load)
    let load, _ = recorded [ tick 0L; busy 500L; told 1_500L 0 0 0L 0L 490L; tick 30_000L ]
    equal 5_000L (answered load)

[<Test>]
let ``who was refused does not stand for others later`` () =
    let asleep at held running = Inputs.ActivityChanged(noon + at, activity held running 0L 0L 1L None), Phase.Resuming, 500L

    let load, _ =
        recorded
            [ asleep 0L 0 0
              asleep 30_000L 3 0
              asleep 34_000L 0 0
              asleep 60_000L 1 0
              asleep 60_400L 0 1
              told 61_400L 0 0 4_000L 5L 61_300L
              told 62_400L 0 0 0L 0L 61_300L
              tick 90_000L ]

    equal 7_000L (answered load)

[<Test>]
let ``a statement is not taken to last as long as those long before it`` () =
    let load, rows =
        recorded
            [ tick 0L
              told 4_000L 0 0 0L 0L -1L
              told 5_000L 0 1 3_000L 400L 4_990L
              told 6_000L 0 0 0L 0L 5_100L
              told 60_200L 0 0 1_000L 3L 59_500L
              told 61_200L 0 0 0L 0L 59_500L
              tick 90_000L ]

    equal [ 400L<ms>; 3L<ms> ] [ for row in rows do if row.Rate > 0L || row.Come > 0 then row.Latency ]
    equal 4_000L (answered load)

[<Test>]
let ``who was held and went away does not stand for others later`` () =
    let asleep at held = Inputs.ActivityChanged(noon + at, activity held 0 0L 0L 1L None), Phase.Resuming, 500L
    let load, _ = recorded [ asleep 0L 0; asleep 30_000L 2; asleep 40_000L 0; told 90_000L 0 0 2_000L 5L 89_900L; told 91_000L 0 0 0L 0L 89_900L; tick 95_000L ]
    equal 4_000L (answered load)

/// A gateway that is restarted tells nothing in between: whoever worked before is not taken to have gone on.
[<Test>]
let ``in a time of which nothing is known nobody works`` () =
    let load = RecordedLoad()
    let add (input, phase, size) = load.Add(input, unit, phase, size)
    add (tick 0L)
    add (Inputs.Measured(noon + 5_000L, "cpu", 5_000L), Phase.Running, 1_000L)
    add (Inputs.Measured(noon + 5_000L, "backup", 1L), Phase.Running, 1_000L)
    add (told 5_000L 0 2 0L 0L 1L)
    load.Break()
    add (told 3_605_000L 0 1 2_000L 5L 3_604_900L)
    add (Inputs.Measured(noon + 3_610_000L, "cpu", 5_000L), Phase.Running, 1_000L)
    add (told 3_611_000L 0 0 0L 0L 3_610_500L)
    let load = load.ToLoad "recorded"
    let rows = read load
    equal [ 0L, 0, 250L; 5_000L, 0, 0L; 3_605_000L, 1, 250L; 3_610_500L, 0, 250L ] [ for row in List.truncate (rows.Length - 1) rows -> int64 row.At, row.Running, int64 row.Cpu ]
    use reader = load.Open()
    let mutable row = LoadRow.Nothing 0L<ms>
    let values = Array.zeroCreate load.Metrics.Count

    while row.At < 5_000L<ms> && reader.Read(&row, values) do
        ()

    equal [ LoadRow.Missing ] (List.ofArray values)

[<Test>]
let ``metrics of its own go with it, and are missing before they were measured`` () =
    let load, _ = recorded [ Inputs.Measured(noon, "backup", 1L), Phase.Running, 500L; Inputs.Measured(noon + 5L, "jobs", 2L), Phase.Running, 500L; tick 9L ]
    equal [ "backup"; "jobs" ] (List.ofSeq load.Metrics)
    use reader = load.Open()
    let mutable row = LoadRow.Nothing 0L<ms>
    let values = Array.zeroCreate 2
    Assert.That(reader.Read(&row, values))
    equal [ 1L; LoadRow.Missing ] (List.ofArray values)
    Assert.That(reader.Read(&row, values))
    equal [ 1L; 2L ] (List.ofArray values)

[<Test>]
let ``what lasts no time has no length`` () =
    let load = RecordedLoad()
    load.Add(Inputs.Tick noon, unit, Phase.Running, 500L)
    equal 0L load.LengthMs
