/// What the checker says of whole policies: what it must say, and what it must not.
module Serverless.Tests.Property.Rules.Analysis.AnalysisTests

open System.IO
open NUnit.Framework
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling

let private says (text: string) (expected: string list) =
    let set = compile text
    Assert.That(set.IsValid, Is.True, set.Render())
    if codes set <> expected then Assert.Fail(set.Render())

let shipped: string[] = Directory.GetFiles(Path.Combine(root, "rules"), "*.rules", SearchOption.AllDirectories) |> Array.filter (fun file -> not (file.Contains "/bad/"))

[<TestCaseSource(nameof shipped)>]
let ``of what ships there is nothing to say but what was not analysed`` (file: string) =
    let set = RuleFiles.Compile [ RuleFile(Path.GetFileName file |> string, File.ReadAllText file) ]
    Assert.That(codes set |> List.filter ((<>) "R119"), Is.Empty, set.Render())

[<TestCase("avg(cpu, 1m) > 80% and avg(cpu, 1m) <= 80%")>]
[<TestCase("min(cpu, 5m) > 50% and cpu < 40%")>]
[<TestCase("max(cpu, 5m) < 50% and p95(cpu, 1m) > 60%")>]
[<TestCase("p50(cpu, 1m) > p99(cpu, 1m)")>]
[<TestCase("last(cpu, 1m) > 50% and last(cpu, 5m) < 50%")>]
[<TestCase("buffer_pool.hit > 100%")>]
[<TestCase("queries.held > 2 and not (queries.held >= 3)")>]
[<TestCase("count(cpu, 1m) < 1")>]
[<TestCase("(cpu > 50% for 1m) and cpu < 40%")>]
[<TestCase("avg(cpu, 1m) > avg(memory, 1m) and avg(memory, 1m) >= max(cpu, 1m)")>]
[<TestCase("idle > 5m and (idle < 1m or idle == 2m)")>]
let ``a condition that can never hold is found`` (condition: string) =
    says (sized $"rule it on running {{ when {condition} do resize up 1cu }}") [ "R100" ]

[<TestCase("avg(cpu, 1m) > 80% and avg(cpu, 5m) < 20%")>]
[<TestCase("min(cpu, 1m) > 50% and min(cpu, 5m) < 40%")>]
[<TestCase("max(cpu, 1m) < 50% and p95(cpu, 5m) > 60%")>]
[<TestCase("cpu > 100%")>]
[<TestCase("forecast(cpu, 5m, 5m) < 0%")>]
[<TestCase("queries.rate > 2/s and queries.rate < 3/s")>]
[<TestCase("avg(queries.held, 1m) > 2 and avg(queries.held, 1m) < 3")>]
let ``a condition that can hold is left alone`` (condition: string) =
    says (sized $"rule it on running {{ when {condition} do resize up 1cu }}") []

[<Test>]
let ``a rule that knows what another may not is not shadowed by it`` () =
    // A narrow window is known before a wide one, so the first rule fires where the second cannot yet.
    says (sized "rule a on running { when min(cpu, 1m) > 90% do resize up 1cu }\nrule b on running { when min(cpu, 1m) > 80% and max(cpu, 10m) >= 0% do resize up 1cu }") [ "R101" ]

[<Test>]
let ``a rule of a higher priority does not shadow one that acts where it cannot`` () =
    says (sized "rule up on running { when avg(cpu, 1m) > 50% do resize up 1cu priority 5 }\nrule sleep on running { when idle >= 5m do suspend }") []

[<Test>]
let ``waking for a while before work is no circle, and all day is`` () =
    let text hours = sized $"schedule early = mon..fri {hours}\nrule sleep on running {{ when idle >= 30m do suspend }}\nrule wake on suspended {{ when during early do resume }}"
    says (text "07:45..08:00") []
    says (text "07:45..12:00") [ "R107" ]

[<Test>]
let ``a forbid that keeps the sleeper away ends the circle`` () =
    says (sized "schedule day = 08:00..18:00\nrule sleep on running { when idle >= 5m do suspend }\nrule wake on suspended { when during day do resume }\nforbid suspend when during day") []

[<Test>]
let ``a policy sleeps for ever when what must end asks for a sample`` () =
    let set = compile (sized "rule sleep on running { when idle >= 5m do suspend }\nforbid resume when cpu > 90%")
    if codes set <> [ "R108"; "R074" ] then Assert.Fail(set.Render())

[<Test>]
let ``what the load does not tell is named, and makes no circle`` () =
    says (sized "rule slow on running { when queries.latency > 100ms do resize up 50% }\nrule fast on running { when queries.latency < 200ms do resize down 0.5cu }") [ "R119" ]

[<Test>]
let ``rules that cannot both keep still make nothing certain`` () =
    // One of the last two always fires, and grows or shrinks; so nothing is said of the first two.
    let text =
        "rule grow on running { when avg(cpu, 1m) > 75% do resize up 50% }\nrule shrink on running { when avg(cpu, 10m) < 60% do resize down 0.5cu }\n"
        + "rule many on running { when queries.running > 4 do resize to 4cu priority 9 }\nrule few on running { when queries.running <= 4 do resize to 0.5cu priority 9 }"

    Assert.That(codes (compile (sized text)), Does.Not.Contain "R110")

[<Test>]
let ``a circle through a schedule's bounds is found while it holds, and named with it`` () =
    let set =
        compile (
            "size 1cu .. 1cu step 0.5cu\nsize 0.5cu .. 4cu during day\nschedule day = 08:00..20:00\n"
            + "rule grow on running { when avg(memory, 1m) > 75% do resize up 50% }\nrule shrink on running { when avg(memory, 10m) < 45% do resize down 0.5cu }"
        )

    if codes set <> [ "R110" ] then Assert.Fail(set.Render())
    Assert.That(set.Diagnostics[0].Message, Does.Contain("during `day`").And.Contain("GiB of memory"))

[<Test>]
let ``the threshold that is proposed ends the circle`` () =
    let text down = sized $"rule grow on running {{ when avg(cpu, 1m) > 75%% do resize up 100%% }}\nrule shrink on running {{ when avg(cpu, 5m) < {down} do resize down 50%% }}"
    let set = compile (text "60%")
    if codes set <> [ "R110" ] then Assert.Fail(set.Render())
    Assert.That(set.Diagnostics[0].Mend, Does.Contain "write `avg(cpu, 5m) < 37%`")
    says (text "37%") []
