using Serverless.Core;

namespace Serverless.Host.Control.Audit;

/// <summary>What an audit log tells: the last decisions worth telling of, or how things stood at an instant.</summary>
/// <param name="Told">The oldest first.</param>
/// <param name="Differences">Where the log does not replay to what it says, in words.</param>
internal sealed record AuditStory(IReadOnlyList<Explanation> Told, IReadOnlyList<string> Differences)
{
    private const int MostDifferences = 20;

    /// <param name="files">The oldest first; each begins with the state.</param>
    /// <param name="last">How many decisions, when no instant is given.</param>
    /// <param name="at">The instant, in Unix milliseconds.</param>
    /// <exception cref="InvalidDataException">A file is no audit file, or a line of it cannot be read.</exception>
    public static async Task<AuditStory> ReadAsync(IReadOnlyList<string> files, int last, long? at, CancellationToken cancellation)
    {
        var differences = new List<string>();
        var history = new DecisionHistory();
        var newest = new Queue<AuditStep>();
        AuditStep? standing = null;
        foreach (string file in files)
        {
            await foreach (AuditStep step in AuditReplay.StepsAsync(file, cancellation))
            {
                if (at < step.Input.At)
                {
                    return new AuditStory(standing is null ? [] : [Explained(standing, at.Value)], differences);
                }

                standing = step;
                if (step.Differs && differences.Count < MostDifferences)
                {
                    differences.Add(AuditReplay.Difference(file, step));
                }

                if (at is null && history.Note(step.Policy, step.Decision) is not null)
                {
                    newest.Enqueue(step);
                    if (newest.Count > last)
                    {
                        newest.Dequeue();
                    }
                }
            }
        }

        IEnumerable<AuditStep> told = at is null ? newest : standing is null ? [] : [standing];
        return new AuditStory([.. told.Select(step => Explained(step, at ?? step.Decision.At))], differences);
    }

    private static Explanation Explained(AuditStep step, long at) => Kernel.ExplainAt(step.After, step.Decision, at);
}
