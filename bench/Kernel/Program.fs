/// What one step of the kernel costs: a quiet tick, a sample, and an activity report, under the rules that ship.
module Serverless.Bench.Kernel.Program

open BenchmarkDotNet.Attributes
open BenchmarkDotNet.Configs
open BenchmarkDotNet.Jobs
open BenchmarkDotNet.Running
open BenchmarkDotNet.Toolchains.InProcess.Emit
open Serverless.Core
open Serverless.Rules

let private rules =
    """
policy default
unit cu = 500m cpu + 1GiB memory
size 0.5cu .. 4cu step 0.5cu
cooldown up 30s, down 5m, suspend 2m
rule grow on running { when avg(cpu, 1m) > 75% for 30s do resize up 50% }
rule ram on running { when avg(memory, 1m) > 85% for 1m do resize up 0.5cu }
rule shrink on running { when avg(cpu, 10m) < 20% until avg(cpu, 10m) > 25% do resize down 0.5cu }
rule sleep on running { when idle >= 5m do suspend }
"""

/// A database that runs, with ten minutes of samples at five seconds each.
let private warm (policy: Policy) =
    let mutable at = 1_750_000_000_000L
    let mutable state = Kernel.initial policy (at * 1L<ms>)

    let feed input =
        let struct (next, _) = Kernel.step policy state input
        state <- next

    feed (Inputs.Capacity(at, 4000L, 16L <<< 30))
    feed (Inputs.Serves(at, System.Nullable 1000L))

    for _ in 1..120 do
        at <- at + 5_000L
        feed (Inputs.ActivityChanged(at, Inputs.Activity(0, 1, 0, 0, 10, 1, 0, System.Nullable at, 0L, 0L, 500_000L, 1L)))
        feed (Inputs.Measured(at, "cpu", 4_000L))
        feed (Inputs.Measured(at, "memory", 5_000L))

    state, at

[<MemoryDiagnoser>]
type Steps() =
    let mutable policy = Unchecked.defaultof<Policy>
    let mutable state = Unchecked.defaultof<State>
    let mutable tick = Unchecked.defaultof<Input>
    let mutable sample = Unchecked.defaultof<Input>
    let mutable activity = Unchecked.defaultof<Input>

    [<GlobalSetup>]
    member _.Setup() =
        let compiled = RuleFiles.Compile [ RuleFile("bench.rules", rules) ]
        policy <- compiled.Policies[0]
        let running, at = warm policy
        let at = at + 1_000L
        // the first tick of an instant may still move timers; the one after it is the quiet one
        let struct (settled, _) = Kernel.step policy running (Inputs.Tick at)
        state <- settled
        tick <- Inputs.Tick at
        sample <- Inputs.Measured(at + 4_000L, "cpu", 4_100L)
        activity <- Inputs.ActivityChanged(at + 1_000L, Inputs.Activity(0, 2, 0, 0, 10, 2, 0, System.Nullable at, 0L, 0L, 510_000L, 1L))

    [<Benchmark(Baseline = true)>]
    member _.QuietTick() : State =
        let struct (next, _) = Kernel.step policy state tick
        next

    [<Benchmark>]
    member _.Sample() : State =
        let struct (next, _) = Kernel.step policy state sample
        next

    [<Benchmark>]
    member _.ActivityReport() : State =
        let struct (next, _) = Kernel.step policy state activity
        next

[<EntryPoint>]
let main arguments =
    // in process: the benchmark then needs no second build of the project, and runs from wherever it was published
    let job = Job.ShortRun.WithToolchain InProcessEmitToolchain.Instance
    let config = DefaultConfig.Instance.AddJob(job).WithArtifactsPath("artifacts/bench-kernel").WithOptions ConfigOptions.DisableOptimizationsValidator
    BenchmarkRunner.Run<Steps>(config, arguments) |> ignore
    0
