/// A policy against a load that does not change.
module Serverless.Tests.Property.Rules.ClosedLoopTests

open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling

let private noon = 1_772_452_800_000L<ms>
let private hours n = int64 n * 3_600_000L<ms>
let private work cpu : Work = { Cpu = cpu; Resident = 0L<bytes> }

let private settling rules load from =
    ClosedLoop.run (policy (sized rules)) (work load) from noon (hours 6) |> ClosedLoop.settling

let private grow = "rule grow on running { when avg(cpu, 1m) > 75% do resize up 0.5cu }\n"

[<Test>]
let ``usage is the load over what the size has, and no more than all of it`` () =
    let unit = SizeChecker.defaultUnit
    equal 5_000L (Work.cpu unit 1_000L<mcu> (work 250L<mcpu>))
    equal 10_000L (Work.cpu unit 500L<mcu> (work 400L<mcpu>))
    equal 10_000L (Work.memory unit 1_000L<mcu> { Cpu = 0L<mcpu>; Resident = 2L * 1_073_741_824L * 4L / 10L * 1L<bytes> })

[<Test>]
let ``a policy with room between its thresholds settles`` () =
    match settling (grow + "rule shrink on running { when avg(cpu, 5m) < 30% do resize down 0.5cu }") 500L<mcpu> 500L<mcu> with
    | Settled(size, phase, _) -> equal (1_500L<mcu>, Phase.Running) (size, phase)
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``one without is seen to cycle, with the sizes`` () =
    match settling (grow + "rule shrink on running { when avg(cpu, 5m) < 60% do resize down 0.5cu }") 390L<mcpu> 500L<mcu> with
    | Cycling sizes -> equal [ 1_000L<mcu>; 1_500L<mcu> ] (List.sort sizes)
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``with no load at all it goes to sleep`` () =
    match settling "rule sleep on running { when idle >= 5m do suspend }" 0L<mcpu> 1_000L<mcu> with
    | Settled(_, phase, _) -> equal Phase.Suspended phase
    | other -> Assert.Fail $"%A{other}"

let private steady text =
    let set = compile (sized text)
    Assert.That(set.IsValid, Is.True, set.Render())
    ScenarioRunner.RunSteady(set.Suites[0])

[<Test>]
let ``properties are held against steady loads, and a failure says under which`` () =
    let rules = grow + "rule shrink on running { when avg(cpu, 5m) < 60% do resize down 0.5cu }\nproperty settles = settles within 2h\n"
    let run = steady rules
    Assert.That(run.Passed, Is.False)
    equal [ "settles" ] [ for failure in run.Failures -> failure.Property ]
    Assert.That(run.Failures[0].Under, Does.Match "^a load of .* cpu with .* resident, from ")
    Assert.That((steady (rules.Replace("< 60%", "< 30%"))).Passed, Is.True)

[<Test>]
let ``what a schedule changes is given its time anew`` () =
    let rules = "size 2cu .. 4cu during late\nschedule late = daily 16:30..17:30\nrule shrink on running { when avg(cpu, 5m) < 30% do resize down 0.5cu }\nproperty settles = settles within 3h\n"
    Assert.That((steady rules).Passed, Is.True)

[<Test>]
let ``without a property nothing is run`` () = equal 0 (steady grow).Count
