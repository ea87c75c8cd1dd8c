using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>What an attack on a policy came to.</summary>
/// <param name="Known">Scenarios that an earlier attack found, and that are broken still.</param>
internal sealed record ProofReport(ProveRun Run, IReadOnlyList<ScenarioRun> Known)
{
    public bool Passed => Run.Passed && Known.Count == 0;
}
