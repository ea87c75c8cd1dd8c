using Serverless.Core;
using Serverless.Rules;

namespace Serverless.Host.Control.Policies;

/// <summary>A policy together with the rule files it was compiled from, so that a log that has them replays without the folder.</summary>
/// <param name="UsageStaleMs">The longest distance of two samples of `cpu` or `memory` without a gap between them, in milliseconds; null: as the catalogue of metrics has it.</param>
internal sealed record PolicySource(Policy Policy, IReadOnlyList<RuleFile> Files, long? UsageStaleMs)
{
    /// <summary>Compiles the files and takes the policy of that name out of them.</summary>
    /// <param name="name">Null: the policy `default`, or the only one there is.</param>
    /// <param name="usageStaleMs">Of the compute that it is for; null: as the catalogue has it.</param>
    /// <param name="rules">The compiled set, for its diagnostics.</param>
    /// <returns>The policy, or why there is none: in one line, and in full.</returns>
    public static (PolicySource? Source, string Summary, string Report) Compile(IReadOnlyList<RuleFile> files, string? name, long? usageStaleMs, out RuleSet rules)
    {
        rules = RuleFiles.Compile(files);
        if (!rules.IsValid)
        {
            List<Diagnostic> errors = [.. rules.Diagnostics.Where(one => one.Severity == Severity.Error)];
            return (null, errors[0] + (errors.Count > 1 ? $" (and {errors.Count - 1} more)" : ""), rules.Render().TrimEnd());
        }

        Policy? policy = rules.Find(name ?? "default") ?? (name is null && rules.Policies.Count == 1 ? rules.Policies[0] : null);
        if (policy is null)
        {
            string missing = $"no policy is named `{name ?? "default"}`; there {(rules.Policies.Count == 1 ? "is" : "are")} {string.Join(", ", rules.Policies.Select(one => $"`{one.Name}`"))}";
            return (null, missing, missing);
        }

        return (new PolicySource(usageStaleMs is { } stale ? Metrics.WithUsageStale(policy, stale) : policy, files, usageStaleMs), "", "");
    }
}
