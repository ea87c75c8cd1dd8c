using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Control.Settings;

namespace Serverless.Host.Cli.Up;

/// <summary>
/// What no label can have: names that mean another database already, and StatefulSets that are a database under another name. Two databases of one gateway that are one StatefulSet would each take the
/// other's word for a promise that nothing runs there.
/// </summary>
/// <param name="Names">Names and prefixes of user names that the configuration gives away, with what they are.</param>
/// <param name="Configured">StatefulSets of the configuration, with their databases.</param>
/// <param name="Held">StatefulSets that are served because of a label, or are being left, with their databases.</param>
internal sealed record TakenByOthers(IReadOnlyDictionary<string, string> Names, IReadOnlyDictionary<ObjectName, string> Configured, IReadOnlyDictionary<ObjectName, string> Held)
{
    /// <param name="discovery">Where clients meet those that are found.</param>
    /// <returns>By name, whatever its case.</returns>
    public static Dictionary<string, string> NamesOf(IReadOnlyList<DatabaseSettings> configured, DiscoverySettings discovery)
    {
        var names = configured.ToDictionary(one => one.Name, _ => "one of the configuration", StringComparer.OrdinalIgnoreCase);
        foreach (DatabaseSettings one in configured.Where(one => one.Listen.Equals(discovery.Template.Listen)))
        {
            if (one.Names.UserPrefix is { } prefix)
            {
                names.TryAdd(prefix, $"the `userPrefix` of database `{one.Name}` of the configuration");
            }
        }

        return names;
    }

    /// <returns>Null: the StatefulSet can be this database.</returns>
    public string? WhyNot(string name, ObjectName set)
    {
        if (Configured.TryGetValue(set, out string? database))
        {
            return $"it is database `{database}` of the configuration already: take its label {DiscoverySettings.Label} off, or that database out of the configuration";
        }

        if (Held.TryGetValue(set, out string? before) && !string.Equals(before, name, StringComparison.OrdinalIgnoreCase))
        {
            return $"it is database `{before}` still, whose sessions end first; then it is `{name}`, as its label {DiscoverySettings.Label} says now";
        }

        return Names.TryGetValue(name, out string? what) ? $"database `{name}`, which its label {DiscoverySettings.Label} asks for, is {what}: give it another name" : null;
    }
}
