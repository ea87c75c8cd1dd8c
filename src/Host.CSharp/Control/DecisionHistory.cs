using Serverless.Core;

namespace Serverless.Host.Control;

/// <summary>The decisions worth telling of, as many as fit: those that began something, gave a reason or a warning, or changed what is blocked.</summary>
internal sealed class DecisionHistory
{
    public const int Capacity = 1000;

    private readonly Lock _lock = new();
    private readonly Queue<NotedDecision> _kept = new();
    private string _blocked = "";

    /// <returns>The decision in words when it was worth telling of; otherwise null.</returns>
    public string? Note(Policy policy, Decision decision)
    {
        string blocked = decision.RefuseHeld?.Value + string.Concat(decision.Blocked.Select(one => $"\n{one.Rule}\t{one.Proposal}\t{one.By}"));
        bool moved = blocked != _blocked;
        _blocked = blocked;
        if (decision.Effect.IsNone && decision.Reasons.IsEmpty && decision.Warnings.IsEmpty && !moved)
        {
            return null;
        }

        string text = string.Join("; ", Kernel.Explain(policy, decision));
        lock (_lock)
        {
            if (_kept.Count == Capacity)
            {
                _kept.Dequeue();
            }

            _kept.Enqueue(new NotedDecision(decision, policy.Unit, text));
        }

        return text;
    }

    /// <summary>The newest, oldest of them first.</summary>
    public IReadOnlyList<NotedDecision> Newest(int limit)
    {
        lock (_lock)
        {
            return [.. _kept.Skip(Math.Max(0, _kept.Count - limit))];
        }
    }
}

/// <param name="Unit">What a compute unit was at the time.</param>
/// <param name="Text">All of it in words.</param>
internal sealed record NotedDecision(Decision Decision, ComputeUnit Unit, string Text)
{
    /// <summary>What it began, and the size that goes with it in thousandths of a compute unit; null: nothing.</summary>
    public (string Name, long? Size)? Effect => Decision.Effect.IsNone ? null : Decision.Effect.Value switch
    {
        Core.Effect.DoResume resume => ("resume", resume.size),
        Core.Effect.DoResize resize => ("resize", resize.size),
        _ => ("suspend", null),
    };
}
