using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>A scenario that was run, or the properties of a policy under loads that do not change.</summary>
/// <param name="File">Where it is declared; null for what is no scenario.</param>
/// <param name="Misses">The first difference first.</param>
/// <param name="Around">What happened around the first difference, a line each; empty where there is none.</param>
/// <param name="Timeline">All that happened, a line each.</param>
/// <param name="Cases">Loads that were played; one for a scenario.</param>
internal sealed record ScenarioResult(
    string Policy, string Title, string? File, int? Line, IReadOnlyList<ScenarioMiss> Misses, string Around, string Timeline, int Cases, TimeSpan Took)
{
    private const string Steady = "properties under loads that do not change";

    public bool Passed => Misses.Count == 0;

    /// <summary>Runs the scenarios of policies, and their properties under loads that do not change.</summary>
    /// <param name="filter">Part of a policy's name or of a title; null: all.</param>
    public static IEnumerable<ScenarioResult> OfAll(IEnumerable<Suite> suites, string? filter, TimeProvider time)
    {
        foreach (Suite suite in suites)
        {
            bool Wanted(string title) =>
                filter is null || suite.Policy.Name.Contains(filter, StringComparison.OrdinalIgnoreCase) || title.Contains(filter, StringComparison.OrdinalIgnoreCase);

            foreach (Scenario scenario in suite.Scenarios.Where(one => Wanted(one.Title)))
            {
                long began = time.GetTimestamp();
                ScenarioRun run = ScenarioRunner.Run(suite, scenario);
                yield return new ScenarioResult(
                    run.Policy, run.Title, run.File, run.Line, [.. run.Failures.Select(miss => new ScenarioMiss(miss.File, miss.Line, miss.AtMs, miss.Expected, miss.Came))],
                    run.Render(), run.Timeline(), 1, time.GetElapsedTime(began));
            }

            if (suite.Properties.Count > 0 && Wanted(Steady))
            {
                long began = time.GetTimestamp();
                SteadyRun run = ScenarioRunner.RunSteady(suite);
                ScenarioMiss[] misses = [.. run.Failures.Select(miss => new ScenarioMiss(miss.File, miss.Line, miss.AtMs, $"property {miss.Property}", $"under {miss.Under}, {miss.Came}"))];
                yield return new ScenarioResult(
                    suite.Policy.Name, Steady, null, null, misses,
                    string.Concat(misses.Select(miss => $"  {miss.File}:{miss.Line}: expected {miss.Expected}\n    came: {miss.Came}\n")), "", run.Count, time.GetElapsedTime(began));
            }
        }
    }
}

/// <summary>Something that was expected and did not come; `AtMs` counts from the start of the scenario.</summary>
internal sealed record ScenarioMiss(string File, int Line, long AtMs, string Expected, string Came);
