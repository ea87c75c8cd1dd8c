/// What the kernel and the checker cost: a step under ten rules with ten-minute windows, a second of ten thousand databases, the check of a file of
/// two hundred rules. The aims: a step under 1 us, a quiet tick without allocation, ten thousand databases under 5 % of a core (50 ms a second),
/// two hundred rules under 20 ms.
module Serverless.Bench.Kernel.Program

open System
open BenchmarkDotNet.Attributes
open BenchmarkDotNet.Configs
open BenchmarkDotNet.Jobs
open BenchmarkDotNet.Running
open BenchmarkDotNet.Toolchains.InProcess.Emit
open Serverless.Core
open Serverless.Rules

/// Ten rules over ten-minute windows.
let private rules =
    """
policy default
unit cu = 500m cpu + 1GiB memory
size 0.5cu .. 4cu step 0.5cu
cooldown up 30s, down 5m, suspend 2m
schedule office = mon..fri 08:00..19:00
rule grow on running { when avg(cpu, 10m) > 75% for 30s do resize up 50% }
rule surge on running { when max(cpu, 10m) > 98% and avg(cpu, 1m) > 90% do resize up 1cu }
rule ram on running { when avg(memory, 10m) > 85% for 1m do resize up 0.5cu }
rule ahead on running { when forecast(memory, 10m, 5m) > 95% do resize up 0.5cu }
rule tail on running { when p95(cpu, 10m) > 90% do resize up 0.5cu }
rule shrink on running { when avg(cpu, 10m) < 20% until avg(cpu, 10m) > 25% do resize down 0.5cu }
rule slack on running { when p99(memory, 10m) < 10% do resize down 0.5cu }
rule follow on running { when avg(cpu, 10m) > 80% do resize track cpu at 60% }
rule sleep on running { when idle >= 5m do suspend }
rule rest on running { when idle >= 1m and not office do suspend }
"""

let private policy = lazy (RuleFiles.Compile [ RuleFile("bench.rules", rules) ]).Policies[0]

let private fed (state: State) input =
    let struct (next, _) = Kernel.step policy.Value state input
    next

let private activity at = Inputs.Activity(0, 1, 0, 0, 10, 1, 0, Nullable at, 0L, 0L, 500_000L, 1L, Nullable(at - 1_000L))

/// A database that runs, with ten minutes of samples at five seconds each.
let private warm (start: int64) =
    let mutable at = start
    let mutable state = Kernel.initial policy.Value (at * 1L<ms>)
    state <- fed state (Inputs.Capacity(at, 4000L, 16L <<< 30))
    state <- fed state (Inputs.Serves(at, Nullable 1000L))

    for n in 1..130 do
        at <- at + 5_000L
        state <- fed state (Inputs.ActivityChanged(at, activity at))
        state <- fed state (Inputs.Measured(at, [ struct ("cpu", 4_000L + int64 (n % 7) * 100L); struct ("memory", 5_000L + int64 (n % 5) * 100L) ]))

    struct (state, at)

[<MemoryDiagnoser>]
type Steps() =
    let mutable state = Unchecked.defaultof<State>
    let mutable tick = Unchecked.defaultof<Input>
    let mutable look = Unchecked.defaultof<Input>
    let mutable sample = Unchecked.defaultof<Input>
    let mutable report = Unchecked.defaultof<Input>

    [<GlobalSetup>]
    member _.Setup() =
        let struct (running, at) = warm 1_750_000_000_000L
        // the first tick of an instant may still move timers; the one after it is the quiet one
        state <- fed running (Inputs.Tick(at + 1_000L))
        let at = at + 2_000L
        tick <- Inputs.Tick at
        // a word of nothing that is new makes it look at everything
        look <- Inputs.Unreclaimable(at, 1_000_000L)
        sample <- Inputs.Measured(at, [ struct ("cpu", 4_100L); struct ("memory", 5_100L) ])
        report <- Inputs.ActivityChanged(at, Inputs.Activity(0, 0, 0, 0, 10, 0, 0, Nullable at, 0L, 0L, 510_000L, 1L, Nullable(at - 1_000L)))

    [<Benchmark(Baseline = true)>]
    member _.QuietTick() : State = fed state tick

    [<Benchmark>]
    member _.FullLook() : State = fed state look

    [<Benchmark>]
    member _.Sample() : State = fed state sample

    [<Benchmark>]
    member _.ActivityReport() : State = fed state report

/// One second of ten thousand databases: all tick, and one in five gets its two samples.
[<MemoryDiagnoser>]
type Fleet() =
    let databases = 10_000
    let mutable states: State[] = [||]
    let mutable at = 0L

    [<GlobalSetup>]
    member _.Setup() =
        let struct (running, last) = warm 1_750_000_000_000L
        states <- Array.create databases running
        at <- last

    [<Benchmark(Baseline = true)>]
    member _.Ticks() : int =
        at <- at + 1L
        let tick = Inputs.Tick at

        for n in 0 .. databases - 1 do
            states[n] <- fed states[n] tick

        databases

    [<Benchmark>]
    member _.TicksAndSamples() : int =
        at <- at + 1L
        let tick = Inputs.Tick at
        let samples = Inputs.Measured(at, [ struct ("cpu", 4_100L); struct ("memory", 5_100L) ])

        for n in 0 .. databases - 1 do
            states[n] <- fed states[n] tick

            if int64 n % 5L = at % 5L then
                states[n] <- fed states[n] samples

        databases

[<MemoryDiagnoser>]
type Checking() =
    let text =
        let rule n =
            match n % 4 with
            | 0 -> $"rule grow{n} on running {{ when avg(cpu, {n + 10}s) > {50 + n % 40}%% for 30s do resize up 50%% }}"
            | 1 -> $"rule ram{n} on running {{ when p95(memory, {n + 10}s) > 85%% and queries.running > {n} do resize up 0.5cu priority {n} }}"
            | 2 -> $"rule shrink{n} on running {{ when avg(cpu, {n + 60}s) < 20%% until avg(cpu, {n + 60}s) > 25%% do resize down 0.5cu }}"
            | _ -> $"rule sleep{n} on running {{ when idle >= {n + 60}s and not office do suspend }}"

        let head = "policy default\nunit cu = 500m cpu + 1GiB memory\nsize 0.5cu .. 4cu step 0.5cu\ncooldown up 30s, down 5m, suspend 2m\nschedule office = mon..fri 08:00..19:00\n"
        head + String.Join("\n", Seq.init 200 rule)

    [<Benchmark>]
    member _.TwoHundredRules() : int = (RuleFiles.Compile [ RuleFile("bench.rules", text) ]).Policies.Count

[<EntryPoint>]
let main arguments =
    // in process: the benchmark then needs no second build of the project, and runs from wherever it was published
    let job = Job.ShortRun.WithToolchain InProcessEmitToolchain.Instance
    let config = DefaultConfig.Instance.AddJob(job).WithArtifactsPath("artifacts/bench-kernel").WithOptions ConfigOptions.DisableOptimizationsValidator
    BenchmarkSwitcher.FromTypes([| typeof<Steps>; typeof<Fleet>; typeof<Checking> |]).Run((if arguments.Length = 0 then [| "--filter"; "*" |] else arguments), config) |> ignore
    0
