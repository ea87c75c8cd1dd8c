using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Control.Settings;
using Serverless.Host.Gateway.Routing;

namespace Serverless.Host.Cli.Up;

/// <summary>Which databases the labels of StatefulSets ask for: pure.</summary>
/// <param name="Databases">By name.</param>
/// <param name="Troubles">Why others are not served, in words.</param>
internal sealed record FoundSets(IReadOnlyDictionary<string, ObjectName> Databases, IReadOnlyList<string> Troubles)
{
    /// <param name="sets">All StatefulSets.</param>
    /// <param name="configured">Names that are taken by the configuration.</param>
    /// <param name="served">What is served already: of two that ask for one name it goes on.</param>
    public static FoundSets Of(IEnumerable<StatefulSet> sets, IReadOnlySet<string> configured, IReadOnlyDictionary<string, ObjectName> served)
    {
        var found = new Dictionary<string, ObjectName>(StringComparer.OrdinalIgnoreCase);
        List<string> troubles = [];
        var labelled = sets.Where(set => set.Metadata.DeletionTimestamp is null && set.Metadata.Labels.ContainsKey(DiscoverySettings.Label))
            .Select(set => (Name: set.Metadata.Labels[DiscoverySettings.Label], Set: new ObjectName(set.Metadata.Namespace, set.Metadata.Name)))
            .OrderByDescending(one => served.TryGetValue(one.Name, out ObjectName before) && before == one.Set).ThenBy(one => one.Set.ToString(), StringComparer.Ordinal);
        foreach ((string name, ObjectName set) in labelled)
        {
            if (!UserPrefix.IsValid(name))
            {
                troubles.Add($"StatefulSet {set}: expected the name of a database in the label {DiscoverySettings.Label} (letters, digits, `-` and `_`, a letter or digit first), found `{name}`");
            }
            else if (configured.Contains(name))
            {
                troubles.Add($"StatefulSet {set}: database `{name}`, which its label {DiscoverySettings.Label} asks for, is one of the configuration: give it another name");
            }
            else if (!found.TryAdd(name, set))
            {
                troubles.Add($"StatefulSet {set}: database `{name}`, which its label {DiscoverySettings.Label} asks for, is StatefulSet {found[name]}: give one of them another name");
            }
        }

        return new FoundSets(found, troubles);
    }
}
