using Serverless.Host.Compute.Kubernetes.Api;

namespace Serverless.Host.Control.Settings;

/// <summary>`fleet` at the top: what several gateways of the same databases have in common.</summary>
internal static class FleetSettingsReader
{
    /// <summary>Names that are made of them end with what it is of, and are to be at most 253 characters.</summary>
    private const int LongestName = 63;

    private static readonly Dictionary<string, bool> Modes = new(StringComparer.OrdinalIgnoreCase) { ["on"] = true, ["off"] = false };
    private static readonly Dictionary<string, bool> Places = new(StringComparer.OrdinalIgnoreCase) { ["files"] = false, ["secrets"] = true };
    private static readonly TimeSpan s_shortestLease = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_longestLease = TimeSpan.FromMinutes(10);

    public static FleetSettings Read(SettingsSection section)
    {
        FleetSettings usual = FleetSettings.Default;
        var settings = new FleetSettings(
            section.OneOf("mode", usual.On, Modes), section.Text("name") ?? usual.Name, section.Text("namespace"), section.Text("replica"), section.Duration("leaseFor", usual.LeaseFor, s_shortestLease),
            section.OneOf("accounts", usual.SharesAccounts, Places));
        section.EndOfKeys();
        foreach ((string key, string? name) in new[] { ("name", settings.Name), ("namespace", settings.Namespace), ("replica", settings.Replica) })
        {
            if (name is not null && (name.Length > LongestName || name.Contains('.', StringComparison.Ordinal) || !ObjectName.IsValid(name)))
            {
                section.Fail(key, $"expected small letters, digits and `-`, at most {LongestName}, found `{name}`");
            }
        }

        if (settings.LeaseFor > s_longestLease)
        {
            section.Fail("leaseFor", $"expected at most {s_longestLease.TotalMinutes:0} minutes, found {settings.LeaseFor}");
        }

        return settings;
    }
}
