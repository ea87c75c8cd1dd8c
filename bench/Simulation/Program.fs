/// What a simulation costs: a year of each model under the policy that ships, sampled every five seconds, and a year of five-second rows from a file;
/// beside it the kernel alone, fed as many samples. The aims: a million steps of five seconds a second on one core, a year under ten seconds.
module Serverless.Bench.Simulation.Program

open System
open System.Diagnostics
open System.IO
open Serverless.Core
open Serverless.Rules

let private day = 86_400_000L
let private monday = 1_772_409_600_000L
/// Of five seconds each.
let private stepsOf length = float length / 5_000.0

let private timed (runs: int) (work: unit -> 'a) : struct (float * 'a) =
    let mutable result = Unchecked.defaultof<'a>

    let times =
        [ for _ in 1..runs do
              let watch = Stopwatch.StartNew()
              result <- work ()
              watch.Elapsed.TotalSeconds ]

    struct ((List.sort times)[runs / 2], result)

let private report (name: string) (seconds: float) (steps: float) (words: string) =
    Console.WriteLine $"{name, -28}{seconds, 8:F2} s {steps / seconds / 1e6, 8:F2} M steps/s   {words}"

/// The kernel alone, with the two samples that the policy looks at every five seconds.
let private kernelAlone (policy: Policy) (samples: int) =
    let mutable at = monday
    let mutable state = Kernel.initial policy (at * 1L<ms>)

    let feed (input: Input) =
        let struct (next, _) = Kernel.step policy state input
        state <- next

    feed (Inputs.Serves(at, Nullable 1_000L))
    feed (Inputs.ActivityChanged(at, Inputs.Activity(0, 1, 0, 0, 1, 1, 0, Nullable(), 0L, 0L, 0L, 0L)))

    for n in 1..samples do
        at <- at + 5_000L
        feed (Inputs.Measured(at, "cpu", 5_000L + int64 (n % 7) * 100L))
        feed (Inputs.Measured(at, "memory", 5_000L))

[<EntryPoint>]
let main arguments =
    let days = match arguments with [| days |] -> int64 days | _ -> 365L
    let runs = 3
    let length = days * day
    let policy = (RuleFiles.Load "rules").Policies[0]
    Console.WriteLine $"{days} days under {policy.Name}, median of {runs} runs"
    let samples = min 300_000 (int (stepsOf length))
    let struct (kernel, _) = timed runs (fun () -> kernelAlone policy samples)
    report "kernel alone, two samples" kernel (float samples) $"{kernel * 1e9 / float samples / 2.0:F0} ns an input"

    for struct (name, _) in ModelLoad.Models do
        let load = Option.get (Option.ofObj (ModelLoad.Of(name, 1UL, policy.Zone, monday, length, 2_000L)))
        let struct (seconds, it) = timed runs (fun () -> Simulation.Run(policy, load, ComputeModel.Default))
        report $"model {name}" seconds (stepsOf length) $"{it.Steps} inputs, {seconds * 1e9 / float it.Steps:F0} ns each; suspended {it.Suspended:P0}"

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
        report "a file of 5 s rows, read" reading (float survey.Rows) $"{FileInfo(path).Length / 1_048_576L} MiB"
        let struct (seconds, it) = timed runs (fun () -> Simulation.Run(policy, load, ComputeModel.Default))
        report "a file of 5 s rows, played" seconds (stepsOf length) $"{it.Steps} inputs; suspended {it.Suspended:P0}"
    finally
        File.Delete path

    0
