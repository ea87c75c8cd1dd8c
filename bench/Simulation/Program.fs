/// What simulating and proving cost. A tick is five seconds of simulated time, of which a year has 6,307,200; an input is one step of the kernel, with its decision: a
/// sample, a change of what clients do, an outcome of an effect, an instant that the kernel asked for. A tick takes several inputs while the compute is busy, and none while it sleeps.
/// The aims: a million ticks a second on one core, a year under ten seconds, and `prove` on two cores 1.8 times as fast as on one.
module Serverless.Bench.Simulation.Program

open System
open System.Diagnostics
open System.IO
open Serverless.Core
open Serverless.Rules

let private day = 86_400_000L
let private monday = 1_772_409_600_000L
let private ticksOf length = float length / 5_000.0
let private median (all: float list) = (List.sort all)[all.Length / 2]

/// Seconds of the clock, and of processors: the second is what one core takes where the machine has other work.
[<Struct>]
type private Cost = { Clock: float; Processor: float }

let private once (work: unit -> 'a) : struct (Cost * 'a) =
    GC.Collect()
    let processor = Process.GetCurrentProcess().TotalProcessorTime
    let watch = Stopwatch.StartNew()
    let result = work ()
    struct ({ Clock = watch.Elapsed.TotalSeconds; Processor = (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds }, result)

let private timed (runs: int) (work: unit -> 'a) : struct (Cost * 'a) =
    // What is compiled on the way is no part of it.
    let mutable result = work ()

    let costs =
        [ for _ in 1..runs do
              let struct (cost, it) = once work
              result <- it
              cost ]

    struct ({ Clock = costs |> List.map _.Clock |> median; Processor = costs |> List.map _.Processor |> median }, result)

let private millions (count: float) (cost: Cost) = count / cost.Processor / 1e6

let private report (name: string) (cost: Cost) (ticks: float) (inputs: float) (words: string) =
    let each = if inputs > 0.0 then $"{millions inputs cost, 9:F2}" else $"""{"-", 9}"""
    Console.WriteLine $"{name, -28}{cost.Clock, 9:F2}{cost.Processor, 11:F2}{millions ticks cost, 9:F2}{each}   {words}"

/// The kernel alone, awake all the time, with the two samples that the policy looks at every five seconds.
let private kernelAlone (policy: Policy) (samples: int) =
    let mutable at = monday
    let mutable state = Kernel.initial policy (at * 1L<ms>)

    let feed (input: Input) =
        let struct (next, _) = Kernel.step policy state input
        state <- next

    feed (Inputs.Serves(at, Nullable 1_000L))
    feed (Inputs.ActivityChanged(at, Inputs.Activity(0, 1, 0, 0, 1, 1, 0, Nullable(), 0L, 0L, 0L, 0L, Nullable())))

    for n in 1..samples do
        at <- at + 5_000L
        feed (Inputs.Measured(at, [ struct ("cpu", 5_000L + int64 (n % 7) * 100L); struct ("memory", 5_000L) ]))

/// `prove` of a policy on one core and on two, in turns, since a machine is not equally fast all the time.
let private proving (suite: Suite) (cases: int64) (pairs: int) =
    let run workers seed = once (fun () -> Prover.Run(suite, ProveOptions(seed, cases, TimeSpan.MaxValue, workers), ignore, Threading.CancellationToken.None))
    run 2 0UL |> ignore

    let seen =
        [ for pair in 1..pairs do
              let struct (one, it) = run 1 (uint64 pair)
              let struct (two, _) = run 2 (uint64 pair)
              struct (one, two, it.Lives) ]

    let rate = seen |> List.map (fun (struct (one, _, _)) -> float cases / one.Clock) |> median
    let both = seen |> List.map (fun (struct (_, two, _)) -> float cases / two.Clock) |> median
    let lives = seen |> List.map (fun (struct (one, _, lives)) -> float lives / one.Clock) |> median
    let scaling = seen |> List.map (fun (struct (one, two, _)) -> one.Clock / two.Clock) |> median
    // What the machine had left for it: two cores' worth at most.
    let had = seen |> List.map (fun (struct (_, two, _)) -> two.Processor / two.Clock) |> median
    Console.WriteLine $"{suite.Policy.Name, -28}{rate, 9:F0}{both, 11:F0}{scaling, 9:F2}{had, 9:F2}   {lives:F0} lives a second on one"

[<EntryPoint>]
let main arguments =
    let days = match arguments with [| days |] -> int64 days | _ -> 365L
    let runs = 3
    let length = days * day
    let set = RuleFiles.Load "rules"
    let policy = set.Policies[0]
    Console.WriteLine $"{days} days under {policy.Name}, medians of {runs} runs; a tick is 5 s of simulated time, an input is one step of the kernel"
    Console.WriteLine $"""{"", -28}{"clock s", 9}{"processor s", 11}{"M ticks", 9}{"M inputs", 9}   a second of one processor"""
    let samples = min 300_000 (int (ticksOf length))
    let struct (kernel, _) = timed runs (fun () -> kernelAlone policy samples)
    report "kernel alone, two samples" kernel (float samples) (float samples) $"{kernel.Processor * 1e9 / float samples:F0} ns an input"

    for struct (name, _) in ModelLoad.Models do
        let load = Option.get (Option.ofObj (ModelLoad.Of(name, 1UL, policy.Zone, monday, length, 2_000L)))
        let struct (cost, it) = timed runs (fun () -> Simulation.Run(policy, load, ComputeModel.Default))
        report $"model {name}" cost (ticksOf length) (float it.Steps) $"{it.Steps} inputs; suspended {it.Suspended:P0}"

    let path = Path.Combine(Path.GetTempPath(), $"serverless-bench-{Environment.ProcessId}.csv")

    try
        do
            use writer = new StreamWriter(path)
            writer.WriteLine "time,load,queries.rate"

            for row in 0L .. length / 5_000L do
                let hour = row / 720L % 24L
                let part = if hour >= 8L && hour < 18L then 2L + row % 8L else 0L
                writer.WriteLine $"{row * 5L},0.{part},{part * 10L}"

        let load = Option.get (Option.ofObj (LoadFile.Csv(path, monday, [])).Load)
        let struct (reading, survey) = timed runs (fun () -> LoadSurvey.Of load)
        report "a file of 5 s rows, read" reading (float survey.Rows) 0.0 $"{FileInfo(path).Length / 1_048_576L} MiB"
        let struct (cost, it) = timed runs (fun () -> Simulation.Run(policy, load, ComputeModel.Default))
        report "a file of 5 s rows, played" cost (ticksOf length) (float it.Steps) $"{it.Steps} inputs; suspended {it.Suspended:P0}"
    finally
        File.Delete path

    Console.WriteLine()
    Console.WriteLine $"""{"prove, 192 cases", -28}{"cases/s 1", 9}{"2 cores", 11}{"ratio", 9}{"cores had", 9}   medians of 5 pairs in turns"""
    proving set.Suites[0] 192L 5
    proving (RuleFiles.LoadFiles [ "docs/lab/office.rules" ]).Suites[0] 192L 5
    0
