using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>What an attack on a policy came to.</summary>
/// <param name="Known">What an earlier attack found, and is broken still.</param>
internal sealed record ProofReport(ProveRun Run, IReadOnlyList<KnownBreach> Known)
{
    public bool Passed => Run.Passed && Known.Count == 0;
}
