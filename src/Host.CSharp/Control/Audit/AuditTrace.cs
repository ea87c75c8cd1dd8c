using Serverless.Core;
using Serverless.Rules;

namespace Serverless.Host.Control.Audit;

/// <summary>What an audit log saw of clients and measurements, whatever was decided.</summary>
/// <param name="Policies">Those that were in force, whose metrics the load may have.</param>
internal sealed record AuditTrace(RecordedLoad Recorded, IReadOnlyCollection<Policy> Policies)
{
    /// <param name="files">The oldest first. One may also be several, one after the other.</param>
    /// <exception cref="InvalidDataException">A file is no audit file, or a line of it cannot be read.</exception>
    public static async Task<AuditTrace> ReadAsync(IEnumerable<string> files, CancellationToken cancellation)
    {
        var recorded = new RecordedLoad();
        var policies = new HashSet<Policy>(ReferenceEqualityComparer.Instance);
        State? end = null;
        foreach (string file in files)
        {
            await foreach (AuditStep step in AuditReplay.StepsAsync(file, cancellation))
            {
                if (end is not null && !ReferenceEquals(end, step.Before) && KernelJson.WriteFullState(end) != KernelJson.WriteFullState(step.Before))
                {
                    recorded.Break();
                }

                StateView view = Kernel.View(step.Before, step.Input.At);
                recorded.Add(step.Input, step.Policy.Unit, view.Phase, view.SizeMcu);
                policies.Add(step.Policy);
                end = step.After;
            }
        }

        return new AuditTrace(recorded, policies);
    }
}
