using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Control.Settings;
using Serverless.Host.Gateway.Routing;

namespace Serverless.Host.Cli.Up;

/// <summary>Which databases the labels of StatefulSets ask for: pure, and the same for every gateway that is told of the same StatefulSets.</summary>
/// <param name="Databases">By name.</param>
/// <param name="Troubles">Why others are not served, in words.</param>
internal sealed record FoundSets(IReadOnlyDictionary<string, ObjectName> Databases, IReadOnlyList<string> Troubles)
{
    /// <summary>Of two that ask for one name the one that was there first has it, whichever a gateway heard of first: otherwise one name would lead to two databases.</summary>
    /// <param name="sets">All StatefulSets.</param>
    public static FoundSets Of(IEnumerable<StatefulSet> sets, TakenByOthers taken)
    {
        var found = new Dictionary<string, ObjectName>(StringComparer.OrdinalIgnoreCase);
        List<string> troubles = [];
        var labelled = sets.Where(set => set.Metadata.DeletionTimestamp is null && set.Metadata.Labels.ContainsKey(DiscoverySettings.Label))
            .OrderBy(set => set.Metadata.CreationTimestamp).ThenBy(set => set.Metadata.Uid, StringComparer.Ordinal)
            .Select(set => (Name: set.Metadata.Labels[DiscoverySettings.Label], Set: new ObjectName(set.Metadata.Namespace, set.Metadata.Name)));
        foreach ((string name, ObjectName set) in labelled)
        {
            if ((WhyInvalid(name) ?? taken.WhyNot(name, set)) is { } why)
            {
                troubles.Add($"StatefulSet {set}: {why}");
            }
            else if (!found.TryAdd(name, set))
            {
                troubles.Add($"StatefulSet {set}: database `{name}`, which its label {DiscoverySettings.Label} asks for, is StatefulSet {found[name]}, which is older: give one of them another name");
            }
        }

        return new FoundSets(found, troubles);
    }

    private static string? WhyInvalid(string name) => UserPrefix.IsValid(name)
        ? null
        : $"expected the name of a database in the label {DiscoverySettings.Label} (letters, digits, `-` and `_`, a letter or digit first), found `{name}`";
}
