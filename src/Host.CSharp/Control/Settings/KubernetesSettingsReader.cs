using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Wesql;

namespace Serverless.Host.Control.Settings;

/// <summary>`kubernetes` of a database, or at the top for all of them.</summary>
internal static class KubernetesSettingsReader
{
    private static readonly Dictionary<string, bool> Storages = new(StringComparer.OrdinalIgnoreCase) { ["checked"] = false, ["trusted"] = true };

    private static readonly Dictionary<string, bool> BufferPools = new(StringComparer.OrdinalIgnoreCase) { ["managed"] = true, ["untouched"] = false };

    private static readonly Dictionary<string, bool> Engines = new(StringComparer.OrdinalIgnoreCase) { ["mysql"] = false, ["wesql"] = true };

    private static readonly Dictionary<string, SnapshotMode> Snapshots =
        new(StringComparer.OrdinalIgnoreCase) { ["tried"] = SnapshotMode.Tried, ["required"] = SnapshotMode.Required, ["off"] = SnapshotMode.Off };

    private static readonly Dictionary<string, bool> Switches = new(StringComparer.OrdinalIgnoreCase) { ["on"] = true, ["off"] = false };

    public static KubernetesSettings Read(SettingsSection section, KubernetesSettings above)
    {
        string? kubeconfig = section.Text("kubeconfig");
        var settings = new KubernetesSettings(
            kubeconfig is null ? above.Kubeconfig : Path.GetFullPath(kubeconfig),
            section.Text("context") ?? above.Context,
            section.Text("namespace") ?? above.Namespace,
            section.Text("statefulSet") ?? above.StatefulSet,
            section.Text("container") ?? above.Container,
            (int)section.Whole("port", above.Port, 1, ushort.MaxValue),
            section.OneOf("storage", above.TrustsStorage, Storages),
            section.OneOf("bufferPool", above.ManagesBufferPool, BufferPools),
            section.Duration("startFor", above.StartFor, TimeSpan.FromSeconds(1)),
            section.Duration("resizeFor", above.ResizeFor, TimeSpan.FromSeconds(1)))
        {
            IsWesql = section.OneOf("engine", above.IsWesql, Engines),
            Loggers = section.Texts("loggers") is { Count: > 0 } given ? given : above.Loggers,
            Snapshot = section.OneOf("snapshot", above.Snapshot, Snapshots),
            SnapshotFor = section.Duration("snapshotFor", above.SnapshotFor, TimeSpan.FromSeconds(1)),
            NodeCapacity = section.OneOf("nodeCapacity", above.NodeCapacity, Switches),
            ProxyProtocol = section.OneOf("proxyProtocol", above.ProxyProtocol, Switches),
        };
        section.EndOfKeys();
        CheckWesql(section, settings);
        foreach ((string key, string? name) in new[] { ("namespace", settings.Namespace), ("statefulSet", settings.StatefulSet), ("container", settings.Container) })
        {
            if (name is not null && !ObjectName.IsValid(name))
            {
                section.Fail(key, $"expected a name of Kubernetes (small letters, digits, `-` and `.`), found `{name}`");
            }
        }

        return settings;
    }

    private static void CheckWesql(SettingsSection section, KubernetesSettings settings)
    {
        foreach (string name in settings.Loggers.Where(name => !ObjectName.IsValid(name)))
        {
            section.Fail("loggers", $"expected names of StatefulSets, found `{name}`");
        }

        if (settings.Loggers.Distinct(StringComparer.Ordinal).Count() < settings.Loggers.Count || (settings.StatefulSet is { } node && settings.Loggers.Contains(node)))
        {
            section.Fail("loggers", "expected each StatefulSet once, and not that of the data node (kubernetes:statefulSet)");
        }

        if (settings.Loggers.Count > 0 && !settings.IsWesql)
        {
            section.Fail("loggers", "a WeSQL cluster alone has loggers: say `kubernetes:engine: wesql` too, or take them out");
        }

        if (settings.SnapshotFor > WesqlDefaults.LongestSnapshotLimit)
        {
            section.Fail("snapshotFor", $"expected at most {WesqlDefaults.LongestSnapshotLimit.TotalSeconds:0}s: a suspend that all gateways have agreed on must be carried out soon. A snapshot that takes longer goes on in the data node, and a later suspend finds it made");
        }
    }

    public static void Check(IReadOnlyList<DatabaseSettings> databases, List<string> errors)
    {
        List<DatabaseSettings> chosen = [.. databases.Where(one => one.Compute == ComputeKind.Kubernetes)];
        foreach (DatabaseSettings one in chosen.Where(one => one.Kubernetes.StatefulSet is null || one.Password is null))
        {
            errors.Add($"database `{one.Name}` is a StatefulSet, so `kubernetes:statefulSet`, and `user` and `password` of an account on it for the gateway alone, must be set");
        }

        foreach (var same in chosen.Where(one => one.Kubernetes.StatefulSet is not null)
            .GroupBy(one => (one.Kubernetes.Kubeconfig, one.Kubernetes.Context, one.Kubernetes.Namespace, one.Kubernetes.StatefulSet)).Where(same => same.Count() > 1))
        {
            errors.Add($"databases {string.Join(" and ", same.Select(one => $"`{one.Name}`"))} are the same StatefulSet `{same.Key.StatefulSet}`: each needs one of its own");
        }

        var parts = chosen.SelectMany(one => one.Kubernetes.Loggers.Append(one.Kubernetes.StatefulSet!)
            .Select(set => (one.Name, Place: (one.Kubernetes.Kubeconfig, one.Kubernetes.Context, one.Kubernetes.Namespace, Set: set), IsLogger: set != one.Kubernetes.StatefulSet)));
        foreach (var same in parts.Where(one => one.Place.Set is not null).GroupBy(one => one.Place).Where(same => same.Count() > 1 && same.Any(one => one.IsLogger)))
        {
            errors.Add($"StatefulSet `{same.Key.Set}` is part of the databases {string.Join(" and ", same.Select(one => $"`{one.Name}`"))}: each logger belongs to one data node, and is no database itself");
        }
    }
}
