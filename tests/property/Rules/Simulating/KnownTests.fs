/// Simulations whose figures were reckoned by hand.
module Serverless.Tests.Property.Rules.Simulating.KnownTests

open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling
open Serverless.Tests.Property.Rules.Simulating.Loads

/// 250m cpu at the least size, and asleep after so long.
let private sleepy after = policy (sized $"unit cu = 500m cpu + 2GiB memory\nrule sleep on running {{ when idle >= {after} do suspend }}")

let private simulate after load = Simulation.Run(sleepy after, load, ComputeModel.Default)
let private simulateFrom after load = Simulation.RunFrom(sleepy after, load, ComputeModel.Default, 500L)

/// One second to start, then 3599 at half a unit.
[<Test>]
let ``a constant load is paid for from the first start on`` () =
    let it = simulate "5m" (rows [ work 0 200L<mcpu>; work 3_600 0L<mcpu> ])
    equal 1_799_500_000m it.UnitMs
    equal 0L it.SuspendedMs
    equal (1, 0, 0, 0) (it.Wakes, it.Suspends, it.Resizes, it.Flaps)
    equal 3_600_000L it.Answered

/// While it starts 200 of a second's work pile up. Served at 250 beside the 200 that come, they are done four seconds later; who came after a seconds
/// waited for 1 - a/5.
[<Test>]
let ``what piled up in a start is worked off in order, and who came first waited longest`` () =
    let it = simulate "5m" (rows [ work 0 200L<mcpu>; work 3_600 0L<mcpu> ])
    equal 1_000L it.LongestWait
    equal 4_000L it.ShortMs
    equal (500L, 950L, 990L) (it.Waited.P50, it.Waited.P95, it.Waited.P99)
    // Five statements, of which the last five thousandths waited for less than a millisecond.
    equal 4.995 it.Waited.Statements
    // One came in the second of the start, and waited for half of it in the mean.
    Assert.That(it.MeanHeld, Is.EqualTo(500.0 / 3_600.0).Within 1e-9)
    equal (0L, 0L, 0L) (it.Waits.P50, it.Waits.P95, it.Waits.P99)

/// On for a minute, off to half an hour, on for a minute, off to the hour: up from 0s to 360s + 2s, and from 1801s to 2160s + 2s.
[<Test>]
let ``an on and off load is paid for until it is asleep`` () =
    let load = rows [ statements 0 200L<mcpu> 10L; statements 60 0L<mcpu> 0L; statements 1_800 200L<mcpu> 10L; statements 1_860 0L<mcpu> 0L; work 3_600 0L<mcpu> ]
    let it = simulateFrom "5m" load
    equal (500m * 723_000m) it.UnitMs
    equal 2_876_000L it.SuspendedMs
    equal (1, 2) (it.Wakes, it.Suspends)
    equal 1_200_000L it.Answered
    equal 1_000L it.LongestWait
    equal (decimal 723 / 7_200m * 0.12m) (it.Cost 0.12m)

/// 500 come and 250 are done: after ten seconds half is left, and takes ten more. Who came after a seconds began a seconds later.
[<Test>]
let ``what a full size cannot do is done later, and that wait counts`` () =
    let it = Simulation.AlwaysOn(sleepy "5m", 500L, rows [ work 0 500L<mcpu>; work 10 0L<mcpu>; work 60 0L<mcpu> ], ComputeModel.Default)
    equal 20_000L it.ShortMs
    equal 10_000L it.LongestWait
    equal 10_000L it.Answered
    equal 5_000_000L it.WorkDone
    equal (5_000.0, 0.0) (it.MeanWait, it.MeanHeld)
    // To the thousandth: beyond two seconds waits are counted in wider and wider steps.
    Assert.That(it.Waited.P50, Is.InRange(5_000L, 5_003L))
    equal (500m * 60_000m) it.UnitMs

/// One every hundred seconds, and a minute without one sends it to sleep: each wakes it, and waits for a second. The first minute and its stop are
/// 62s, each wake 1s + 0.2s + 60s + 2s without the start, and the last is cut off by the end.
[<Test>]
let ``statements that come one by one each wake what fell asleep between them`` () =
    let single = { work 0 0L<mcpu> with Rate = 10_000L; Latency = 200L<ms> }
    let it = simulateFrom "1m" (rows [ single; work 350 0L<mcpu> ])
    equal (3, 3) (it.Wakes, it.Suspends)
    equal (500m * (62_000m + 62_200m + 62_200m + 49_000m)) it.UnitMs
    equal 3_000L it.Answered
    equal (1_000L, 1_000L, 1_000L, 1_000L) (it.Waited.P50, it.Waited.P95, it.Waited.P99, it.LongestWait)
    equal (1_000.0, 1_000.0) (it.MeanWait, it.MeanHeld)

/// What came while it slept takes its time then, which is no part of the wait.
[<Test>]
let ``the work of a statement that wakes it is done after it began`` () =
    let single = { work 0 20L<mcpu> with Rate = 10_000L; Latency = 200L<ms> }
    let it = simulateFrom "1m" (rows [ single; work 150 0L<mcpu> ])
    equal (1, 1_000L, 1_000L) (it.Wakes, it.Waited.P50, it.LongestWait)
    equal it.WorkArrived (it.WorkDone + it.WorkWaiting)
    equal 0L it.WorkWaiting

[<Test>]
let ``between such statements it stays up while they come often enough`` () =
    let single = { work 0 20L<mcpu> with Rate = 100_000L; Latency = 200L<ms> }
    let it = simulateFrom "1m" (rows [ single; work 3_600 0L<mcpu> ])
    equal (0, 0) (it.Wakes, it.Suspends)
    equal 360_000L it.Answered
    equal 0L it.LongestWait

[<Test>]
let ``nothing at all sleeps to the end`` () =
    let it = simulate "5m" (rows [ work 0 0L<mcpu>; work 86_400 0L<mcpu> ])
    equal (0m, 86_400_000L) (it.UnitMs, it.SuspendedMs)
    equal 1.0 it.Suspended
    equal (0L, 0L) (it.Arrived, it.LongestWait)

[<Test>]
let ``a load of no length comes to nothing`` () =
    let it = simulate "5m" (rows [ work 0 100L<mcpu> ])
    equal (0L, 0m, 0.0) (it.LengthMs, it.UnitMs, it.Suspended)

/// Cold for ten seconds it does half: 125 of the 200 that come.
[<Test>]
let ``cold caches take their time after a start`` () =
    let load = rows [ work 0 200L<mcpu>; work 3_600 0L<mcpu> ]
    let it = Simulation.Run(sleepy "5m", load, { ComputeModel.Default with WarmUpMs = 10_000L; Cold = 50 })
    // 200 from the start and 75 a second for ten: 950, worked off at 50 a second.
    equal (10_000L + 19_000L) it.ShortMs
    equal 3_600_000L it.Answered

[<Test>]
let ``slower processors need more of them`` () =
    let load = rows [ work 0 200L<mcpu>; work 600 0L<mcpu> ]
    let model = { ComputeModel.Default with Speed = 50 }
    let survey = LoadSurvey.Of load
    equal (500L, 1_000L) (survey.LargestNeed(sleepy "5m", ComputeModel.Default), survey.LargestNeed(sleepy "5m", model))
    equal 600_000L (Simulation.AlwaysOn(sleepy "5m", 500L, load, model)).ShortMs

[<Test>]
let ``held statements that are refused are counted, and nothing waits for ever`` () =
    let never = policy (sized "forbid resume when idle < 1000h\nrule sleep on running { when idle >= 5m do suspend }")
    let it = Simulation.Run(never, rows [ statements 0 100L<mcpu> 10L; work 60 0L<mcpu> ], ComputeModel.Default)
    equal (0, 0m) (it.Wakes, it.UnitMs)
    equal (600_000L, 0L) (it.Refused, it.Answered)

/// Up at 80%, back down at once where it halves.
[<Test>]
let ``a resize against the one before counts as taken back when it comes soon`` () =
    let rules = "unit cu = 500m cpu + 2GiB memory\nrule up on running { when cpu > 75% do resize up 0.5cu }\nrule down on running { when cpu < 45% do resize down 0.5cu }"
    let it = Simulation.RunFrom(policy (sized rules), rows [ statements 0 200L<mcpu> 10L; work 60 0L<mcpu> ], ComputeModel.Default, 500L)
    Assert.That(it.Resizes, Is.GreaterThan 5)
    equal (it.Resizes - 1) it.Flaps

/// Half of what comes is done, so that 20 wait after four seconds, and one is served.
[<Test>]
let ``a policy that reads facts alone hears of a queue that grows`` () =
    let counting = policy (sized "unit cu = 500m cpu + 2GiB memory\nrule up on running { when queries.running > 20 do resize up 0.5cu }")
    let it = Simulation.RunFrom(counting, rows [ statements 0 500L<mcpu> 10L; work 3_000 0L<mcpu> ], ComputeModel.Default, 500L)
    equal [ 0L, Phase.Running; 4_000L, Phase.Resizing ] [ for one in Seq.truncate 2 it.Standings -> int64 one.At, one.Phase ]

[<Test>]
let ``a statement that comes by itself is heard of when it comes`` () =
    let counting = policy (sized "unit cu = 500m cpu + 2GiB memory\nrule up on running { when queries.running >= 1 do resize up 0.5cu }")
    let single = { work 0 0L<mcpu> with Rate = 10_000L; Latency = 5_000L<ms> }
    let it = Simulation.RunFrom(counting, rows [ single; work 350 0L<mcpu> ], ComputeModel.Default, 500L)
    equal [ 0L, Phase.Running; 100_000L, Phase.Resizing ] [ for one in Seq.truncate 2 it.Standings -> int64 one.At, one.Phase ]

let private quiet (at: int) cpu = { work at cpu with Rate = 0L }

/// Asleep after five minutes, with as much left as a compute of this size does in five more.
[<Test>]
let ``what the engine has to do of its own ends with it, and keeps nobody waiting later`` () =
    let load = rows [ quiet 0 500L<mcpu>; quiet 400 0L<mcpu>; { quiet 7_200 0L<mcpu> with Come = 1 }; work 7_300 0L<mcpu> ]
    let it = simulateFrom "5m" load
    equal (1, 1_000L, 1_000L) (it.Wakes, it.LongestWait, it.Answered)
    equal (it.WorkDone, 0L) (it.WorkArrived, it.WorkWaiting)

[<Test>]
let ``nobody waits behind what the engine has to do of its own`` () =
    let it = simulateFrom "1000h" (rows [ quiet 0 500L<mcpu>; { quiet 60 0L<mcpu> with Come = 1 }; work 300 0L<mcpu> ])
    equal (1_000L, 0L) (it.Answered, it.LongestWait)
    // Half of it is done later.
    equal (120_000L, 30_000_000L) (it.ShortMs, it.WorkDone)

/// 100 for a hundred seconds are served at 250 in forty, from the end of the start on: asleep ten seconds later, and stopped in two.
[<Test>]
let ``no compute sleeps in the middle of a statement's own work`` () =
    let single = { work 0 100L<mcpu> with Rate = 10_000L; Latency = 200L<ms> }
    let it = simulate "10s" (rows [ single; quiet 101 0L<mcpu>; work 300 0L<mcpu> ])
    equal (500m * 52_000m) it.UnitMs
    equal (10_000_000L, 0L) (it.WorkDone, it.WorkWaiting)

[<Test>]
let ``before its first row a load asks for nothing`` () =
    let it = simulate "5m" (rows [ work 600 200L<mcpu>; work 1_200 0L<mcpu> ])
    equal (600_000L, 600_000L) (it.SuspendedMs, it.Answered)
    equal (500m * 599_000m) it.UnitMs

[<Test>]
let ``a statement in half an hour is a statement`` () =
    let it = simulate "1m" (rows [ { quiet 0 0L<mcpu> with Rate = 500L }; work 10_001 0L<mcpu> ])
    equal (5, 5_000L) (it.Wakes, it.Answered)

/// Up for a minute, and for half of it with more than it can do.
[<Test>]
let ``what is too small is so of the time in which it runs`` () =
    let it = simulateFrom "30s" (rows [ statements 0 500L<mcpu> 10L; statements 15 0L<mcpu> 0L; work 3_600 0L<mcpu> ])
    equal (30_000L, 60_010L) (it.ShortMs, it.UpMs)
    equal (30_000.0 / 60_010.0) it.Short
