namespace Serverless.Rules

open System
open System.Collections.Generic
open System.IO
open System.Threading

/// One policy of a rule set, for the test suite of the team that owns it: checked, tested, attacked and simulated as by `serverless rules`, with no
/// database and no command. See docs/policy-lab.md. It may be used by several threads at once.
[<Sealed>]
type PolicyLab private (set: RuleSet, suite: Suite) =
    /// A folder of rule files, which is one set, or one rule file. Throws an ArgumentException with all that is wrong when they cannot be used, or have no policy of
    /// that name.
    static member Open(path: string, policy: string) : PolicyLab =
        PolicyLab.Of((if File.Exists path then RuleFiles.LoadFiles [ path ] else RuleFiles.Load path), policy)

    /// A set that is compiled already, perhaps of texts.
    static member Of(set: RuleSet, policy: string) : PolicyLab =
        if not set.IsValid then
            raise (ArgumentException("the rules are wrong:\n" + set.Render(), nameof set))

        match set.Suites |> Seq.tryFind (fun suite -> suite.Policy.Name = policy) with
        | Some suite -> PolicyLab(set, suite)
        | None ->
            let known = String.Join(", ", set.Policies |> Seq.map _.Name)
            raise (ArgumentException($"expected one of the policies {known}, found {Printable.Of(policy, 60)}", nameof policy))

    /// What it declares, with its properties, scenarios and marks.
    member _.Suite: Suite = suite

    /// What the checker warns of in the whole set, in the order of files and lines; empty: nothing.
    member _.Warnings: IReadOnlyList<Diagnostic> = [| for one in set.Diagnostics do if one.Severity = Severity.Warning then one |]

    /// Runs the scenarios of the policy. One that does not hold says what was expected, what came, and how it came to it (`Render`).
    member _.Test() : IReadOnlyList<ScenarioRun> = ScenarioRunner.RunAll suite

    /// Holds the properties of the policy against loads that do not change.
    member _.TestSteady() : SteadyRun = ScenarioRunner.RunSteady suite

    /// Attacks the properties of the policy, and the promises of the kernel, with lives that are drawn for it: the same for the same seed.
    member lab.Prove(cases: int64, seed: uint64) : ProveRun =
        lab.Prove(ProveOptions(seed, cases, TimeSpan.MaxValue, Environment.ProcessorCount))

    /// By other options, such as a time.
    member _.Prove(options: ProveOptions) : ProveRun = Prover.Run(suite, options, ignore, CancellationToken.None)

    /// The lives of a case, with what the policy did in them: one that is drawn for it, and often the same with something more at a bad moment. The same for the same
    /// seed and case; for generators of a team's own, which draw the two.
    member _.Lives(seed: uint64, case: int64) : IReadOnlyList<DrawnLife> = DrawnLives.Of(suite, seed, case)

    /// Holds a check of a team's own against the lives of so many cases: what is wrong with a life, in words, or null. The first that it finds something wrong with,
    /// made as small as can be while it does; null: there is none. What the check throws comes out.
    member _.Attack(cases: int64, seed: uint64, check: Func<DrawnLife, string | null>) : CounterExample | null = DrawnLives.FirstBroken(suite, seed, cases, check)

    /// A model of `rules simulate` (office, web, batch, dev) from a Monday, in the time zone of the policy. `days`: from 1 on; `peakCores`: the work at the busiest.
    /// Throws an ArgumentException for a model that there is not.
    member _.Model(name: string, days: int, peakCores: decimal, seed: uint64) : LoadSource =
        let monday, day = 1_772_409_600_000L, 86_400_000L

        match ModelLoad.Of(name, seed, suite.Policy.Zone, monday, int64 (max 1 days) * day, int64 (peakCores * 1000m)) with
        | null ->
            let known = String.Join(", ", ModelLoad.Models |> Seq.map (fun (struct (name, _)) -> name))
            raise (ArgumentException($"expected a model ({known}), found {Printable.Of(name, 60)}", nameof name))
        | load -> load

    /// A file of comma-separated values. Throws an ArgumentException with the place and the reason where it cannot be read to its end.
    member _.Csv(path: string) : LoadSource =
        let file = LoadFile.Csv(path, 0L, [ suite.Policy ])

        let wrong (problem: LoadProblem | null) : LoadSource =
            let words = match problem with null -> $"{path} cannot be read" | problem -> problem.Render()
            raise (ArgumentException(words, nameof path))

        match file.Load with
        | null -> wrong file.Problem
        | load ->
            match LoadSurvey.Of(load).Problem with
            | null -> load
            | problem -> wrong problem

    /// What it costs under a load, and who waits, on the compute that `rules simulate` takes where nothing is said.
    member lab.Simulate(load: LoadSource) : Prediction = lab.Simulate(load, ComputeModel.Default)

    /// On another compute.
    member _.Simulate(load: LoadSource, compute: ComputeModel) : Prediction = Simulation.Run(suite.Policy, load, compute)

    /// The cheapest values of the literals that are marked `tune` that keep these bounds under all of the loads; the same for the same seed. Throws an ArgumentException
    /// where none is marked.
    member lab.Fit(loads: seq<LoadSource>, bounds: seq<FitBound>, seed: uint64) : FitRun = lab.Fit { FitSearch.Of(loads, bounds) with Seed = seed }

    /// On another compute, or for longer.
    member _.Fit(search: FitSearch) : FitRun = Fitter.Run(set, suite, search, ignore, CancellationToken.None)
