using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>An attack on a policy as `rules prove --json` prints it.</summary>
internal sealed record ProofJson(string Policy, ulong Seed, long Lives, long Actions, long ElapsedMs, bool Passed, string[] StillBroken, ProofResultJson[] Properties, ProofRuleJson[] Rules)
{
    public static ProofJson From(ProofReport report) => new(
        report.Run.Policy, report.Run.Seed, report.Run.Lives, report.Run.Actions, (long)report.Run.Elapsed.TotalMilliseconds, report.Passed,
        [.. report.Known.Select(known => known.Name)],
        [.. report.Run.Results.Select(ProofResultJson.From)],
        [.. report.Run.Rules.Select(rule => new ProofRuleJson(rule.Rule, rule.File, rule.Line, rule.Decided, rule.True, rule.False, rule.Unknown))]);
}

/// <summary>A property, or with `Declared` false a law. `Verdict`: broken, held or untested. `Scenario` is a block of a rule file in which it is broken.</summary>
internal sealed record ProofResultJson(string Name, bool Declared, string? File, int? Line, string Verdict, long Tested, long? Case, long? AtMs, string? Came, string? Scenario)
{
    public static ProofResultJson From(ProveResult result) => new(
        result.Name, result.IsDeclared, result.File, result.IsDeclared ? result.Line : null,
        result.Verdict switch { ProveVerdict.Broken => "broken", ProveVerdict.Held => "held", _ => "untested" },
        result.Tested, result.Example?.Case, result.Example?.AtMs, result.Example?.Came, result.Example?.Scenario);
}

/// <summary>A rule: actions that it determined, and lives in which its condition held, did not hold, was unknown.</summary>
internal sealed record ProofRuleJson(string Rule, string File, int Line, long Decided, long True, long False, long Unknown);
