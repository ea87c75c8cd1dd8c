using System.Net;

namespace Serverless.Host.Mysql;

/// <summary>Where to log in, as whom, and with what.</summary>
/// <param name="Address">Its Unix socket is used where there is one.</param>
public sealed record EngineLogin(BackendAddress Address, string User, LoginSecret Secret)
{
    /// <summary>What is asked for by default: everything that text results, several of them, and session tracking need.</summary>
    public const Capabilities DefaultCapabilities =
        Capabilities.LongPassword | Capabilities.LongFlag | Capabilities.Protocol41 | Capabilities.Transactions | Capabilities.SecureConnection
        | Capabilities.MultiStatements | Capabilities.MultiResults | Capabilities.PreparedMultiResults | Capabilities.PluginAuth
        | Capabilities.PluginAuthLengthEncoded | Capabilities.ConnectAttributes | Capabilities.SessionTrack | Capabilities.DeprecateEof;

    public string? Database { get; init; }

    public byte CollationId { get; init; } = Mysql.CollationId.Utf8Mb4GeneralCi;

    /// <summary>Asked for; what the server does not offer is left out.</summary>
    public Capabilities Capabilities { get; init; } = DefaultCapabilities;

    /// <summary>In bytes, as told to the server.</summary>
    public uint MaxPacketSize { get; init; } = 1 << 30;

    public IReadOnlyList<KeyValuePair<string, string>> Attributes { get; init; } = [];

    /// <summary>Null: no TLS.</summary>
    public EngineTls? Tls { get; init; } = Address.Tls;

    /// <summary>The client's own address, told with a PROXY header when the engine reads one; null: this connection is our own, and no header is sent.</summary>
    public IPEndPoint? ClientAddress { get; init; }
}
