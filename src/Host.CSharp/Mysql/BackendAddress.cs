using System.Net;

namespace Serverless.Host.Mysql;

/// <summary>Where an engine takes connections: a Unix socket, or a TCP address.</summary>
/// <param name="UnixSocket">Path of the socket, or null.</param>
/// <param name="Tcp">TCP address, used when there is no Unix socket.</param>
/// <param name="ReadsProxyHeader">The engine reads a PROXY header from us (MariaDB with proxy-protocol-networks), so it sees the client's own address.</param>
public sealed record BackendAddress(string? UnixSocket, IPEndPoint? Tcp, bool ReadsProxyHeader)
{
    /// <summary>TLS to it; null: none.</summary>
    public EngineTls? Tls { get; init; }

    /// <summary>User of an account that the gateway alone uses there, whose connections are no client's; null: there is none.</summary>
    public string? ServiceUser { get; init; }

    /// <summary>The two are one place, whatever else is known of it.</summary>
    public bool IsWhere(BackendAddress other) => UnixSocket == other.UnixSocket && Equals(Tcp, other.Tcp);

    public override string ToString() => UnixSocket ?? $"{Tcp}";
}
