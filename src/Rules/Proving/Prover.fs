namespace Serverless.Rules

open System
open System.Collections.Generic
open System.Diagnostics
open System.Threading
open System.Threading.Tasks
open Serverless.Core

/// Hands out cases, each once, whoever asks.
[<Sealed>]
type private Cases(first: int64) =
    let mutable next = first - 1L
    member _.Take() : int64 = Interlocked.Increment &next

/// Attacks policies with lives that are drawn for them, and makes what breaks something small enough to be read.
[<AbstractClass; Sealed>]
type Prover =
    /// Cases that are drawn between two looks at what was found: the same on every machine, so that the same lives are counted.
    static member private Batch = 64L

    /// The lives of a case: one that is drawn, and often the same with something more at a bad moment.
    static member private Lives (court: Court) (interests: Interests) (steadyLength: int64<ms> voption) (seed: uint64) (case: int64) : Trial list =
        let draw = Draw(seed, case)

        match steadyLength with
        | ValueSome length when draw.Chance 20 -> [ court.Try(Attacking.steady draw interests length) ]
        | _ ->
            let first = court.Try(Attacking.story draw interests)

            match Attacking.worse draw first.Attack first.Course with
            | Some attack -> [ first; court.Try attack ]
            | None -> [ first ]

    static member private Example(suite: Suite, court: Court, index: int, isOver: unit -> bool, struct (case: int64, attack: Attack, broken: Fault)) : CounterExample =
        let subject = court.Subjects[index]
        let struct (smallest, broken) = Shrinking.smallest court.Policy (fun life -> court.Breaks(index, life)) isOver attack broken
        let title = if subject.Origin.IsSome then $"breaks {subject.Name}" else subject.Name
        let text = ScenarioText.write suite.Policy.Zone title smallest broken.At (subject.Expects broken)
        let timeline = ScenarioRunner.Run(suite, { Attack.scenario smallest with Title = title }).Timeline()
        CounterExample(case, text, int64 broken.At, broken.Words, timeline)

    /// Draws lives for the policy until there were enough, and says what became of its properties and of what holds under any rules. The same options give
    /// the same counter-examples as long as it is not the time that ends the run: half of it once more is for making them small. `progress` is called now and
    /// then, by one worker at a time. A cancellation ends the drawing; what was found until then is told, made small as far as it is
    /// within a second.
    static member Run(suite: Suite, options: ProveOptions, progress: Action<ProveProgress>, cancellation: CancellationToken) : ProveRun =
        let watch = Stopwatch.StartNew()
        let court = Court suite
        let interests = Interests.ofSuite court.Policy (List.ofSeq suite.Properties)
        let coverage = Coverage(court.Rules, court.Subjects.Length)
        let found = Array.create<struct (int64 * Attack * Fault) voption> court.Subjects.Length ValueNone
        let gate = obj ()
        let mutable lives = 0L

        let steadyLength =
            match suite.Properties |> Seq.choose (fun property -> match property.Claim with SettlesWithin within -> Some within | _ -> None) |> List.ofSeq with
            | [] -> ValueNone
            | all -> ValueSome(2L * List.max all)

        let note (case: int64) (trials: Trial list) =
            lock gate (fun () ->
                for trial in trials do
                    lives <- lives + 1L
                    coverage.Add trial

                    trial.Broken
                    |> Array.iteri (fun index broken ->
                        match broken, found[index] with
                        | Some broken, ValueNone -> found[index] <- ValueSome(struct (case, trial.Attack, broken))
                        | Some broken, ValueSome(struct (first, _, _)) when case < first -> found[index] <- ValueSome(struct (case, trial.Attack, broken))
                        | _ -> ())

                progress.Invoke { Lives = lives; Elapsed = watch.Elapsed; Broken = found |> Array.sumBy (fun one -> if one.IsSome then 1 else 0) })

        let declared = court.Subjects |> Array.filter _.Origin.IsSome
        let isDone () = declared.Length > 0 && found |> Array.take declared.Length |> Array.forall _.IsSome
        let parallelism = ParallelOptions(MaxDegreeOfParallelism = options.Workers)
        let mutable next = 0L

        let isTimeOver () = watch.Elapsed >= options.Time || cancellation.IsCancellationRequested

        while next < options.MostCases && not (isTimeOver ()) && not (isDone ()) do
            let until = min options.MostCases (next + Prover.Batch)

            let queue = Cases next

            // Each worker takes one as it is free: lives are of very different lengths, and whoever took several at once would be waited for.
            Parallel.For(0, options.Workers, parallelism, fun (_: int) ->
                let mutable case = queue.Take()

                // A case of a batch that is over in time is left out; which ones these are is chance, as is how far the time lets it come.
                while case < until && not (isTimeOver ()) do
                    note case (Prover.Lives court interests steadyLength options.Seed case)
                    case <- queue.Take())
            |> ignore

            next <- until

        let drawn = watch.Elapsed

        let isOver () =
            // Whoever ends it by hand waits for no more than is needed to read what there is.
            let ticks =
                if cancellation.IsCancellationRequested then TimeSpan.TicksPerSecond
                elif options.Time = TimeSpan.MaxValue then Int64.MaxValue
                else max TimeSpan.TicksPerSecond (options.Time.Ticks / 2L)

            (watch.Elapsed - drawn).Ticks >= ticks

        let examples = Array.create<CounterExample option> court.Subjects.Length None

        Parallel.For(0, court.Subjects.Length, parallelism, fun index ->
            match found[index] with
            | ValueSome one -> examples[index] <- Some(Prover.Example(suite, court, index, isOver, one))
            | ValueNone -> ())
        |> ignore

        let results = court.Subjects |> Array.mapi (fun index subject -> ProveResult(subject, coverage.Tested index, examples[index]))
        ProveRun(suite.Policy.Name, options, lives, coverage.Actions, drawn, results, coverage.Rules)

    /// Names of the properties and laws that a life breaks, a scenario of the suite or one that an earlier attack found.
    static member BrokenIn(suite: Suite, life: Scenario) : IReadOnlyList<string> =
        let court = Court suite

        [| for index, subject in Array.indexed court.Subjects do
               if court.Breaks(index, life).IsSome then subject.Name |]

    /// Names of all that is held against a life of the suite: its properties, and the laws that apply to its policy.
    static member Subjects(suite: Suite) : IReadOnlyList<string> = [| for subject in (Court suite).Subjects -> subject.Name |]
