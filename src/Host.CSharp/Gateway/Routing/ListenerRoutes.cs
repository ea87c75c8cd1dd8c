using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Routing;

/// <summary>
/// The databases of one listener, and which of them a client means: decided once, at its login, by the first of these that says something: the host name of
/// its TLS connection, the prefix of its user name, its schema, and then the one that is the default, or the only one. Never changes, so safe from any thread.
/// </summary>
public sealed class ListenerRoutes
{
    private readonly Dictionary<string, DatabaseRoute> _prefixes;
    private readonly NamePattern[] _hosts;
    private readonly NamePattern[] _schemas;

    /// <param name="routes">At least one, unless there may be others later.</param>
    /// <param name="isOpen">There may be others later: one that is alone is meant by nobody who does not say so.</param>
    /// <exception cref="ArgumentException">Two have the same prefix, or are the default.</exception>
    public ListenerRoutes(IReadOnlyList<DatabaseRoute> routes, bool isOpen = false)
    {
        All = routes;
        AreShared = isOpen || routes.Count > 1;
        HaveTls = routes.Any(route => route.Tls.Certificate is not null);
        Default = AreShared ? routes.SingleOrDefault(route => route.Names.IsDefault) : routes[0];
        _prefixes = routes.Where(route => route.Names.UserPrefix is not null).ToDictionary(route => route.Names.UserPrefix!, StringComparer.Ordinal);
        _hosts = [.. routes.SelectMany(route => route.Names.Hosts.Select(host => new NamePattern(host, route, IsHost: true)))];
        _schemas = [.. routes.SelectMany(route => route.Names.Schemas.Select(schema => new NamePattern(schema, route, IsHost: false)))];
        foreach (var route in routes) route.JoinTo(this);
    }

    public IReadOnlyList<DatabaseRoute> All { get; }

    /// <summary>Who says nothing means this one; null: there is none.</summary>
    public DatabaseRoute? Default { get; }

    public bool AreShared { get; }

    /// <summary>One of them at least has a certificate to show.</summary>
    public bool HaveTls { get; }

    /// <summary>For the log.</summary>
    public string Name => string.Join(',', All.Select(route => route.Name));

    /// <summary>Whose certificate is shown to a client that asks for this host; null: none of them has one.</summary>
    internal DatabaseRoute? ForCertificate(string? host)
    {
        var meant = host is { Length: > 0 } ? Closest(_hosts, host, out _) : null;
        if (meant?.Tls.Certificate is not null) return meant;
        return Default?.Tls.Certificate is not null ? Default : All.FirstOrDefault(route => route.Tls.Certificate is not null);
    }

    internal DatabaseRoute? ByPrefix(string user) => UserPrefix.Of(user) is { } prefix ? _prefixes.GetValueOrDefault(prefix) : null;

    /// <param name="host">Of TLS SNI; null: the client has said none.</param>
    internal RouteChoice Choose(string? host, string user, string? schema)
    {
        var prefixed = ByPrefix(user);
        var route = host is { Length: > 0 } ? Closest(_hosts, host, out var isAmbiguous) : Nothing(out isAmbiguous);
        if (isAmbiguous) return new RouteChoice(RoutingRefusal.Ambiguous($"the host name '{RoutingRefusal.Cut(host)}'"));
        if (route is not null && prefixed is not null && prefixed != route) return new RouteChoice(RoutingRefusal.Contradiction(host!, user));
        route ??= prefixed;
        if (route is null && schema is not null && AreShared)
        {
            route = Closest(_schemas, schema, out isAmbiguous);
            if (isAmbiguous) return new RouteChoice(RoutingRefusal.Ambiguous($"the schema '{RoutingRefusal.Cut(schema)}'"));
        }
        route ??= Default;
        return route is null ? new RouteChoice(RoutingRefusal.NoMatch(host, user, schema)) : new RouteChoice(route, prefixed is null ? user : UserPrefix.Strip(user));
    }

    private static DatabaseRoute? Nothing(out bool isAmbiguous)
    {
        isAmbiguous = false;
        return null;
    }

    /// <summary>Ambiguous: patterns of several databases fit as closely.</summary>
    private static DatabaseRoute? Closest(NamePattern[] patterns, string name, out bool isAmbiguous)
    {
        isAmbiguous = false;
        DatabaseRoute? closest = null;
        var closeness = -1;
        foreach (var pattern in patterns)
        {
            if (pattern.Closeness < closeness || !pattern.Matches(name)) continue;
            isAmbiguous = pattern.Closeness == closeness && (isAmbiguous || pattern.Route != closest);
            (closest, closeness) = (pattern.Route, pattern.Closeness);
        }
        return closest;
    }
}
