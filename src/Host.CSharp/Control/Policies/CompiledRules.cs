using Serverless.Rules;

namespace Serverless.Host.Control.Policies;

/// <summary>What rule files compile to, for one policy of them.</summary>
/// <param name="Source">Null: it cannot be used.</param>
/// <param name="Summary">Why not, in one line.</param>
/// <param name="Report">Why not, in full.</param>
/// <param name="Rules">All of them, for their diagnostics.</param>
internal sealed record CompiledPolicy(PolicySource? Source, string Summary, string Report, RuleSet Rules);

/// <summary>The files of a folder are compiled once for all databases that take the same policy from them, which then share it.</summary>
internal sealed class CompiledRules
{
    private readonly Lock _guard = new();
    private readonly Dictionary<(string? Policy, long? UsageStaleMs), CompiledPolicy> _compiled = [];
    private string? _fingerprint;

    /// <param name="fingerprint">Of the files.</param>
    /// <param name="policy">As for <see cref="PolicySource.Compile"/>, and so is the last.</param>
    public CompiledPolicy Of(string fingerprint, IReadOnlyList<RuleFile> files, string? policy, long? usageStaleMs)
    {
        // who comes second waits for the first, and has it then
        lock (_guard)
        {
            if (fingerprint != _fingerprint)
            {
                _compiled.Clear();
                _fingerprint = fingerprint;
            }

            if (!_compiled.TryGetValue((policy, usageStaleMs), out CompiledPolicy? compiled))
            {
                (PolicySource? source, string summary, string report) = PolicySource.Compile(files, policy, usageStaleMs, out RuleSet rules);
                _compiled[(policy, usageStaleMs)] = compiled = new CompiledPolicy(source, summary, report, rules);
            }

            return compiled;
        }
    }
}
