using System.Net;
using System.Net.Sockets;
using Serverless.Host.Gateway.Routing;

namespace Serverless.Host.Control.Settings;

/// <summary>Looks at who listens where: addresses do not overlap, and of databases that share one each can be meant by its clients, and by no more than it.</summary>
internal static class ListenerCheck
{
    public static void Check(AdminSettings admin, IReadOnlyList<DatabaseSettings> databases, List<string> errors)
    {
        List<IGrouping<IPEndPoint, DatabaseSettings>> listeners = [.. databases.GroupBy(one => one.Listen)];
        IEnumerable<(IPEndPoint Address, string Of)> addresses = listeners.Select(one => (one.Key, NamesOf(one))).Append((admin.Listen, "the admin address"));
        foreach (var same in addresses.Where(one => one.Address.Port != 0).GroupBy(one => one.Address.Port).Where(Collide))
        {
            errors.Add($"port {same.Key} is to be listened on by {string.Join(" and ", same.Select(one => $"{one.Of} ({one.Address})"))}; each needs an address of its own, or databases exactly the same");
        }

        foreach (IGrouping<IPEndPoint, DatabaseSettings> listener in listeners.Where(one => one.Count() > 1))
        {
            CheckShared(listener, errors);
        }
    }

    private static void CheckShared(IGrouping<IPEndPoint, DatabaseSettings> listener, List<string> errors)
    {
        foreach (DatabaseSettings mute in listener.Where(one => !one.Names.CanBeSaid))
        {
            errors.Add($"database `{mute.Name}` shares {listener.Key} with others, and nothing leads to it: give it an address of its own (`listen`), or say by what clients mean it (`userPrefix`, `sni`, `schemas`), or that it is the `default`");
        }

        List<DatabaseSettings> defaults = [.. listener.Where(one => one.Names.IsDefault)];
        if (defaults.Count > 1)
        {
            errors.Add($"{NamesOf(defaults)} share {listener.Key} and are both its `default`; only one can be");
        }

        RefuseTwice(listener, "userPrefix", one => one.UserPrefix is { } prefix ? [prefix] : [], StringComparer.Ordinal, errors);
        RefuseTwice(listener, "sni", one => one.Hosts, StringComparer.OrdinalIgnoreCase, errors);
        RefuseTwice(listener, "schemas", one => one.Schemas, StringComparer.Ordinal, errors);
    }

    private static void RefuseTwice(
        IGrouping<IPEndPoint, DatabaseSettings> listener, string key, Func<DatabaseNames, IReadOnlyList<string>> of, StringComparer comparer, List<string> errors)
    {
        var said = listener.SelectMany(one => of(one.Names).Distinct(comparer).Select(name => (Name: name, Database: one)));
        foreach (var same in said.GroupBy(one => one.Name, one => one.Database, comparer).Where(same => same.Count() > 1))
        {
            errors.Add($"{NamesOf(same)} share {listener.Key} and have the same `{key}`, `{same.Key}`: it can lead to one of them only");
        }
    }

    private static string NamesOf(IEnumerable<DatabaseSettings> databases)
    {
        List<string> names = [.. databases.Select(one => $"`{one.Name}`")];
        return $"{(names.Count == 1 ? "database" : "databases")} {string.Join(" and ", names)}";
    }

    private static bool Collide(IEnumerable<(IPEndPoint Address, string Of)> onePort)
    {
        List<IPAddress> addresses = [.. onePort.Select(one => one.Address.Address)];
        return addresses.Where((one, index) => addresses.Skip(index + 1).Any(other => Covers(one, other) || Covers(other, one))).Any();
    }

    /// <summary>It is the same address, or every address that there is of its kind; `*` is of both kinds.</summary>
    private static bool Covers(IPAddress all, IPAddress one) =>
        all.Equals(one) || all.Equals(IPAddress.IPv6Any) || (all.Equals(IPAddress.Any) && one.AddressFamily == AddressFamily.InterNetwork);
}
