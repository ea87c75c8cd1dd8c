module Serverless.Tests.Property.Rules.DeclarationTests

open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling

[<Test>]
let ``actions compile to what they say`` () =
    let breaking transactions pinned = { Transactions = transactions; PinnedSessions = pinned }
    let hour = Some 3_600_000L<ms>
    equal (Suspend(breaking None None)) (action "suspend")
    equal (Suspend(breaking hour None)) (action "suspend breaking transactions idle 1h")
    equal (Suspend(breaking (Some 60_000L<ms>) hour)) (action "suspend breaking pinned sessions idle 1h breaking transactions idle 1m")
    equal (ResizeUp(Proportion 5_000L)) (action "resize up 50%")
    equal (ResizeDown(Units 1_000L<mcu>)) (action "resize down 1cu")
    equal (ResizeTo 2_000L<mcu>) (action "resize to 2cu")
    equal (Track("cpu", 60_000L<ms>, 7_000L)) (action "resize track cpu at 70%")
    equal (Track("memory", 300_000L<ms>, 7_000L)) (action "resize track avg(memory, 5m) at 70%")

[<Test>]
let ``a rule on a suspended compute resumes, at a size or at the one it had`` () =
    let wake action =
        (policy (sized $"schedule office = mon..fri 08:00..19:00\nrule it on suspended {{ when office do {action} }}")).Rules.Head

    equal (Resume None) (wake "resume").Action
    equal (Resume(Some 2_000L<mcu>)) (wake "resume at 2cu").Action
    equal OnSuspended (wake "resume").On

[<Test>]
let ``the clauses of a rule stand in any order`` () =
    let expected = (policy (sized "rule it on running { when idle >= 5m until idle < 1m do suspend priority 7 }")).Rules.Head
    let other = (policy (sized "rule it on running {\n  priority 7\n  do suspend\n  until idle < 1m\n  when idle >= 5m\n}")).Rules.Head
    equal expected.When other.When
    equal expected.Until other.Until
    equal 7 other.Priority
    equal -3 (policy (sized "rule it on running { when true do suspend priority -3 }")).Rules.Head.Priority

[<Test>]
let ``a rule says where it stands`` () =
    let rule = (policy (sized "\n  rule it on running { when true do suspend }")).Rules.Head
    equal { File = "test.rules"; Line = 3; Column = 8 } rule.Origin

[<Test>]
let ``forbid names kinds, both directions of resize at once, and holds for ever without a condition`` () =
    let forbid = (policy (sized "forbid resize down, suspend when cpu > 5%")).Forbids.Head
    equal [ SuspendAction; ResizeDownAction ] forbid.Blocks
    equal "forbid suspend, resize down when cpu > 5%" forbid.Name
    let always = (policy (sized "forbid resize")).Forbids.Head
    equal [ ResizeUpAction; ResizeDownAction ] always.Blocks
    equal (Constant true) always.When

[<Test>]
let ``unit, bounds, step and cooldowns are taken as written`` () =
    let compiled =
        policy
            "unit cu = 1.5 cpu + 4GiB memory\nsize 1cu .. 8cu step 0.25cu\nsize 2cu..4cu during office\ncooldown down 5m, up 30s\nschedule office = mon..fri 08:00..19:00"

    equal { Cpu = 1_500L<mcpu>; Memory = 4_294_967_296L<bytes> } compiled.Unit
    equal 250L<mcu> compiled.Step
    equal { Up = 30_000L<ms>; Down = 300_000L<ms>; Suspend = 0L<ms> } compiled.Cooldown

    equal
        [ { Min = 1_000L<mcu>; Max = 8_000L<mcu>; During = None }
          { Min = 2_000L<mcu>; Max = 4_000L<mcu>; During = Some "office" } ]
        compiled.Bounds

[<Test>]
let ``what a policy does not say has its documented default`` () =
    let compiled = policy "size 0.5cu .. 4cu"
    equal "default" compiled.Name
    equal "UTC" compiled.Zone.Name
    equal { Cpu = 500L<mcpu>; Memory = 2_147_483_648L<bytes> } compiled.Unit
    equal 500L<mcu> compiled.Step
    equal { Up = 0L<ms>; Down = 0L<ms>; Suspend = 0L<ms> } compiled.Cooldown

[<Test>]
let ``a metric of one's own keeps its statement as it is`` () =
    let compiled =
        policy (sized "metric lag : duration every 15s stale 1m from sql \"SELECT \\\"a\\\\b\\d\\\" # no comment\"\nforbid suspend when lag > 1m")

    let metric = compiled.Metrics |> List.find (fun metric -> metric.Name = "lag")
    equal (Sql "SELECT \"a\\b\\d\" # no comment") metric.Source
    equal (15_000L<ms>, 60_000L<ms>) (metric.Period, metric.Stale)
    equal (Duration, Sample, false) (metric.Type, metric.Class, metric.PerSize)

[<Test>]
let ``a policy carries the metrics and schedules that it reads and no others`` () =
    let compiled =
        policy (sized "schedule office = daily 08:00..19:00\nschedule unused = daily 01:00..02:00\nrule it on running { when avg(cpu, 1m) < 5% and not office until idle > 5m do resize track memory at 70% }")

    equal [ "cpu"; "idle"; "memory" ] [ for metric in compiled.Metrics -> metric.Name ]
    equal [ "office" ] [ for schedule in compiled.Schedules -> schedule.Name ]

[<Test>]
let ``declarations belong to the policy header above them, and to default before one`` () =
    let files =
        [ RuleFile("a.rules", "size 1cu .. 2cu\npolicy night zone \"Europe/Berlin\"\nsize 1cu .. 4cu")
          RuleFile("b.rules", "rule sleep on running { when idle >= 1h do suspend }")
          RuleFile("c.rules", "policy night\nrule sleep on running { when idle >= 1m do suspend }") ]

    let set = RuleFiles.Compile files
    equal [ "default"; "night" ] [ for policy in set.Policies -> policy.Name ]
    let night = set.Find "night" |> Option.ofObj |> Option.get
    equal "Europe/Berlin" night.Zone.Name
    equal "c.rules" night.Rules.Head.Origin.File
    Assert.That(set.Find "day", Is.Null)

[<Test>]
let ``one wrong policy takes the whole set with it`` () =
    let set = compile "size 1cu .. 2cu\npolicy other\nsize 1cu .. nonsense"
    Assert.That(set.IsValid, Is.False)
    Assert.That(set.Policies, Is.Empty)
