using System.Net;
using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.External;

/// <summary>A server that somebody else runs.</summary>
public sealed record ExternalComputeOptions
{
    /// <summary>Name of the database, for messages.</summary>
    public required string Name { get; init; }

    /// <summary>Where it takes connections.</summary>
    public required IPEndPoint Address { get; init; }

    /// <summary>Null: no TLS.</summary>
    public EngineTls? Tls { get; init; }

    /// <summary>Account on it for the gateway's own statements; it must be allowed to read the account tables.</summary>
    public required string User { get; init; }

    public required string Password { get; init; }

    /// <summary>How long a statement of the gateway's own may take.</summary>
    public TimeSpan StatementLimit { get; init; } = TimeSpan.FromSeconds(5);
}
