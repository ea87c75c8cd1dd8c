using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Listening;

namespace Serverless.Host.Gateway.Routing;

/// <summary>One of the databases that a listener leads to: who may log in to it, over what, how many, and what goes on with those who have. Safe from any thread.</summary>
/// <param name="limit">Clients at most.</param>
public sealed class DatabaseRoute(DatabaseNames names, ClientAuthenticator authenticator, ClientTls tls, int limit, ISessionHandler sessions)
{
    private int _open;
    private ListenerRoutes? _routes;

    public DatabaseNames Names { get; } = names;

    public ClientAuthenticator Authenticator { get; } = authenticator;

    public ClientTls Tls { get; } = tls;

    public int Limit { get; } = limit;

    public ISessionHandler Sessions { get; } = sessions;

    internal WarningPace LimitWarnings { get; } = new();

    public string Name => Authenticator.Database.Name;

    /// <summary>The name of the account that a client means by the user name it gives, within this database.</summary>
    /// <returns>Null: the name has another database's prefix.</returns>
    internal string? UserWithin(string given) => _routes is not { } routes || routes.ByPrefix(given) is not { } route ? given : route == this ? UserPrefix.Strip(given) : null;

    internal void JoinTo(ListenerRoutes routes) => _routes = routes;

    /// <summary>False: there are as many clients as may be.</summary>
    internal bool TryOpen()
    {
        if (Interlocked.Increment(ref _open) <= Limit) return true;
        Interlocked.Decrement(ref _open);
        return false;
    }

    internal void Close() => Interlocked.Decrement(ref _open);
}
