using System.Net;

namespace Serverless.Host.Mysql;

/// <summary>What a proxy says of the client that it connects for.</summary>
/// <param name="Source">The client's own address. Null: a connection of the proxy itself, or one that has no such address (a Unix socket): then the proxy's counts.</param>
/// <param name="Authority">The host name that the client asked for in TLS, which ended at the proxy; null: not said.</param>
public sealed record ProxiedClient(IPEndPoint? Source, string? Authority);

public enum ProxyHeaderState
{
    /// <summary>Something else is there.</summary>
    None,

    /// <summary>It may be one, of which more must come.</summary>
    Partial,

    Whole,
}
