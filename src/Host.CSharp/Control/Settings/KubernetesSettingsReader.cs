namespace Serverless.Host.Control.Settings;

/// <summary>`kubernetes` of a database, or at the top for all of them.</summary>
internal static class KubernetesSettingsReader
{
    private static readonly Dictionary<string, bool> Storages = new(StringComparer.OrdinalIgnoreCase) { ["checked"] = false, ["trusted"] = true };

    private static readonly Dictionary<string, bool> BufferPools = new(StringComparer.OrdinalIgnoreCase) { ["managed"] = true, ["untouched"] = false };

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
            section.Duration("resizeFor", above.ResizeFor, TimeSpan.FromSeconds(1)));
        section.EndOfKeys();
        foreach ((string key, string? name) in new[] { ("namespace", settings.Namespace), ("statefulSet", settings.StatefulSet), ("container", settings.Container) })
        {
            if (name is not null && !IsName(name))
            {
                section.Fail(key, $"expected a name of Kubernetes (small letters, digits, `-` and `.`), found `{name}`");
            }
        }

        return settings;
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
    }

    internal static bool IsName(string name) =>
        name.Length <= 253 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.') && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1]);
}
