module Serverless.Tests.Property.Rules.ConditionTests

open NUnit.Framework
open Serverless.Core
open Serverless.Tests.Property.Rules.Compiling

let private over aggregate metric seconds = Over(aggregate, metric, seconds * 1000L<ms>)
let private percent value = Literal(Percent, value * 100L)

[<Test>]
let ``and binds tighter than or, and not tighter than and`` () =
    let cpu = Compare(Metric "cpu", Greater, percent 1L)
    let ram = Compare(Metric "memory", Greater, percent 2L)
    let hit = Compare(Metric "buffer_pool.hit", Greater, percent 3L)
    equal (Or [ cpu; And [ Not ram; hit ] ]) (condition "cpu > 1% or not memory > 2% and buffer_pool.hit > 3%")

[<Test>]
let ``parentheses change what binds`` () =
    let cpu = Compare(Metric "cpu", Less, percent 1L)
    let ram = Compare(Metric "memory", Less, percent 2L)
    equal (And [ Or [ cpu; ram ]; Not cpu ]) (condition "(cpu < 1% or memory < 2%) and not (cpu < 1%)")

[<Test>]
let ``for binds the whole condition before it`` () =
    match condition "cpu > 1% and memory > 2% for 30s" with
    | Held(1, And [ _; _ ], 30_000L<ms>) -> ()
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``for inside of parentheses binds only what is there, and each has a number`` () =
    match condition "(cpu > 1% for 30s) and (memory > 2% for 1m)" with
    | And [ Held(1, _, 30_000L<ms>); Held(2, _, 60_000L<ms>) ] -> ()
    | other -> Assert.Fail $"%A{other}"

[<TestCase("75%", "cpu", 7_500L)>]
[<TestCase("0.01%", "cpu", 1L)>]
[<TestCase("3", "queries.held", 3_000L)>]
[<TestCase("2.5/s", "queries.rate", 2_500L)>]
[<TestCase("1h30m", "idle", 5_400_000L)>]
[<TestCase("250ms", "idle", 250L)>]
[<TestCase("1d", "idle", 86_400_000L)>]
[<TestCase("1.5cu", "size", 1_500L)>]
let ``literals are carried in the scale of their type`` (text: string, metric: string, value: int64) =
    match condition $"{metric} >= {text}" with
    | Compare(Metric name, GreaterOrEqual, Literal(_, found)) ->
        equal metric name
        equal value found
    | other -> Assert.Fail $"%A{other}"

[<TestCase("cpu", "500m cpu", 500L)>]
[<TestCase("cpu", "2 cpu", 2_000L)>]
[<TestCase("bytes", "2GiB", 2_147_483_648L)>]
[<TestCase("bytes", "3MB", 3_000_000L)>]
let ``a metric of one's own has literals of its type`` (kind: string, text: string, value: int64) =
    let compiled =
        policy (sized $"metric mine : {kind} every 5s from sql \"SELECT 1\"\nrule it on running {{ when mine != {text} do suspend }}")

    match compiled.Rules.Head.When with
    | Compare(Metric "mine", NotEqual, Literal(_, found)) -> equal value found
    | other -> Assert.Fail $"%A{other}"

[<Test>]
let ``every aggregate compiles to its own`` () =
    for text, aggregate in
        [ "last", Last; "avg", Avg; "max", Max; "min", Min; "p50", P50; "p95", P95; "p99", P99; "sum", Sum ] do
        equal (Compare(over aggregate "cpu" 60L, Equal, percent 5L)) (condition $"{text}(cpu, 1m) == 5%%")

    equal (Compare(over CountOf "cpu" 60L, Less, Literal(Count, 3_000L))) (condition "count(cpu, 1m) < 3")
    equal (Compare(over RateOf "queries.held" 60L, Less, Literal(Rate, 3_000L))) (condition "rate(queries.held, 1m) < 3/s")
    equal (Compare(over (Forecast 300_000L<ms>) "cpu" 600L, Greater, percent 90L)) (condition "forecast(cpu, 10m, 5m) > 90%")

[<Test>]
let ``two measured values can be compared`` () =
    equal (Compare(over Avg "cpu" 60L, Greater, over Avg "cpu" 600L)) (condition "avg(cpu, 1m) > avg(cpu, 10m)")

[<Test>]
let ``a flag, its largest sample and a schedule are conditions by themselves`` () =
    let compiled =
        policy (
            sized "metric backup : flag every 15s from sql \"SELECT 1\"\nschedule office = mon..fri 08:00..19:00\n"
            + "rule it on running { when not backup and not max(backup, 5m) and not office and not during office do suspend }"
        )

    let wasSet = Compare(over Max "backup" 300L, Equal, Literal(Flag, 1L))
    equal (And [ Not(IsSet "backup"); Not wasSet; Not(During "office"); Not(During "office") ]) compiled.Rules.Head.When

[<Test>]
let ``a let stands for a condition, a term or a value, wherever it is declared`` () =
    let compiled =
        policy (
            sized "rule it on running { when busy for patience do suspend }\n"
            + "let busy = load > limit\nlet load = avg(cpu, window)\nlet limit = 75%\nlet window = 1m\nlet patience = 30s"
        )

    equal (Held(1, Compare(over Avg "cpu" 60L, Greater, percent 75L), 30_000L<ms>)) compiled.Rules.Head.When

[<Test>]
let ``comments and line ends stand anywhere`` () =
    let text = "# first\r\nsize 0.5cu # least\r\n  .. 4cu\r\nrule it on running { # why\r\n  when cpu > 1% # and\r\n    or idle\r\n > 5m\r\n  do suspend\r\n}\r\n# last"
    equal 1 (policy text).Rules.Length
