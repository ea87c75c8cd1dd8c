using Serverless.Host.Gateway.Routing;

namespace Serverless.Host.Control.Settings;

/// <summary>Reads by what clients say that they mean a database: `sni`, `userPrefix`, `schemas`, `default`.</summary>
internal static class DatabaseNamesReader
{
    public static DatabaseNames Read(SettingsSection section)
    {
        IReadOnlyList<string> hosts = section.Texts("sni");
        foreach (string host in hosts.Where(host => !NamePattern.IsValidHost(host)))
        {
            section.Fail("sni", $"expected host names, or patterns like *.example.com and orders.*, found `{host}`");
        }

        string? prefix = section.Text("userPrefix");
        if (prefix is not null && !UserPrefix.IsValid(prefix))
        {
            section.Fail("userPrefix", $"expected letters, digits, `-` and `_`, at most 63 (the dot behind it is not part of it), found `{prefix}`");
        }

        IReadOnlyList<string> schemas = section.Texts("schemas");
        if (schemas.Contains(""))
        {
            section.Fail("schemas", "expected names of schemas, or patterns like shop_%, found an empty one");
        }

        return new DatabaseNames(hosts, prefix, schemas, section.Flag("default", false));
    }

    /// <summary>What stands at the top would be every database's, and lead nowhere.</summary>
    public static void RefuseAbove(SettingsSection root, DatabaseNames names)
    {
        if (names.CanBeSaid)
        {
            root.Fail("databases", "`sni`, `userPrefix`, `schemas` and `default` say which of the databases a client means, so they belong into each of them, not above them");
        }
    }
}
