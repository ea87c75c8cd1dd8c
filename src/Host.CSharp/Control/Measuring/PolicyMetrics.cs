using Serverless.Core;

namespace Serverless.Host.Control.Measuring;

/// <summary>Which samples a policy asks for: only these are measured.</summary>
internal static class PolicyMetrics
{
    /// <summary>The sampled metrics that some rule or forbid of the policy looks at.</summary>
    public static IReadOnlyList<Metric> Sampled(Policy policy)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (Rule rule in policy.Rules)
        {
            Collect(rule.When, names);
            if (rule.Until is { } until)
            {
                Collect(until.Value, names);
            }

            if (rule.Action is RuleAction.Track track)
            {
                names.Add(track.metric);
            }
        }

        foreach (Forbid forbid in policy.Forbids)
        {
            Collect(forbid.When, names);
        }

        return [.. policy.Metrics.Where(metric => metric.Class.IsSample && names.Contains(metric.Name))];
    }

    private static void Collect(Condition condition, HashSet<string> names)
    {
        switch (condition)
        {
            case Condition.Compare compare:
                Collect(compare.Item1, names);
                Collect(compare.Item3, names);
                break;
            case Condition.IsSet flag:
                names.Add(flag.metric);
                break;
            case Condition.And and:
                CollectAll(and.Item, names);
                break;
            case Condition.Or or:
                CollectAll(or.Item, names);
                break;
            case Condition.Not not:
                Collect(not.Item, names);
                break;
            case Condition.Held held:
                Collect(held.Item2, names);
                break;
        }
    }

    private static void CollectAll(IEnumerable<Condition> conditions, HashSet<string> names)
    {
        foreach (Condition one in conditions)
        {
            Collect(one, names);
        }
    }

    private static void Collect(Term term, HashSet<string> names)
    {
        switch (term)
        {
            case Term.Metric metric:
                names.Add(metric.name);
                break;
            case Term.Over over:
                names.Add(over.metric);
                break;
        }
    }
}
