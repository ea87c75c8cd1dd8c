using System.Net;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>What a client says of itself when it logs in, or changes user.</summary>
/// <param name="Plugin">Plugin that <paramref name="AuthResponse"/> is of; null: the client knows no plugins.</param>
/// <param name="Nonce">What the response was made with; null when that is not known any more, so the client must answer anew.</param>
/// <param name="Address">Null for a Unix socket.</param>
/// <param name="GivenUser">The user name as the client wrote it, with a database's prefix.</param>
internal sealed record LoginRequest(
    string User, string? Plugin, ReadOnlyMemory<byte> AuthResponse, byte[]? Nonce, IPAddress? Address, Capabilities Capabilities, string GivenUser);
