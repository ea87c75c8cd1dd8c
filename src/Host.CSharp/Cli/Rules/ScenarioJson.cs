namespace Serverless.Host.Cli.Rules;

/// <summary>Scenarios that were run, as `rules test --json` prints them.</summary>
internal sealed record ScenariosJson(int Passed, int Failed, ScenarioJson[] Scenarios)
{
    /// <param name="withTimeline">Also of those that hold.</param>
    public static ScenariosJson From(IReadOnlyList<ScenarioResult> all, bool withTimeline) => new(
        all.Count(one => one.Passed), all.Count(one => !one.Passed),
        [.. all.Select(one => new ScenarioJson(
            one.Policy, one.Title, one.File, one.Line, one.Passed, [.. one.Misses],
            one.Timeline.Length > 0 && (withTimeline || !one.Passed) ? one.Timeline.TrimEnd('\n').Split('\n') : null))]);
}

/// <summary>One scenario; without a file it is the properties of the policy under loads that do not change. `Timeline`: what was given, decided (`>`) and wrong (`!`), a line each.</summary>
internal sealed record ScenarioJson(string Policy, string Title, string? File, int? Line, bool Passed, ScenarioMiss[] Failures, string[]? Timeline);
