using Serverless.Host.Compute.Kubernetes.Api;

namespace Serverless.Host.Control.Settings;

/// <summary>`discovery` at the top: databases that are found by the label of their StatefulSets, and have all else from the top.</summary>
internal static class DiscoverySettingsReader
{
    private static readonly Dictionary<string, bool> Modes = new(StringComparer.OrdinalIgnoreCase) { ["on"] = true, ["off"] = false };

    /// <param name="above">What stands at the top for every database.</param>
    /// <returns>Null: none are looked for.</returns>
    public static DiscoverySettings? Read(SettingsSection section, DatabaseSettings above)
    {
        bool isOn = section.OneOf("mode", otherwise: false, Modes);
        IReadOnlyList<string> namespaces = section.Texts("namespaces");
        section.EndOfKeys();
        foreach (string name in namespaces.Where(name => !ObjectName.IsValid(name)))
        {
            section.Fail("namespaces", $"expected names of namespaces, found `{name}`");
        }

        if (!isOn)
        {
            return null;
        }

        if (above.Password is null)
        {
            section.Fail("mode", "databases that are found have `user` and `password` from the top, of an account on each of them for the gateway alone: set them");
        }

        if (above.Kubernetes.StatefulSet is not null)
        {
            section.Fail("mode", "databases are found by their StatefulSets, so `kubernetes:statefulSet` must not be set at the top: say it in one of `databases`");
        }

        return new DiscoverySettings(namespaces, above with { Compute = ComputeKind.Kubernetes });
    }
}
