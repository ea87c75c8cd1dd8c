using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>What the gateway's greeting offers: what the engine can, without what the gateway cannot relay.</summary>
internal static class OfferedCapabilities
{
    // Compression is between two neighbours: zlib the gateway speaks itself, zstd it does not. Several factors, and the command queue that
    // MariaDB withdrew, need more than one answer per command or login. The reserved ends stand for what no client may ask for yet.
    // Where metadata is cached a server leaves out the columns that it has told already on the connection: told to the session that had it before, or with an
    // answer to a PREPARE of the gateway's own. A client would read rows by columns that were altered meanwhile.
    private const Capabilities Withheld =
        Capabilities.ZstdCompression | Capabilities.MultiFactorAuthentication | Capabilities.CapabilityExtension
        | Capabilities.MariaDbComMulti | Capabilities.MariaDbCacheMetadata | Capabilities.Tls;

    // The gateway's own part of the handshake, whatever the engine says.
    private const Capabilities Always =
        Capabilities.Protocol41 | Capabilities.SecureConnection | Capabilities.PluginAuth | Capabilities.PluginAuthLengthEncoded
        | Capabilities.ConnectWithDatabase | Capabilities.ConnectAttributes | Capabilities.Compress;

    public static Capabilities Of(ServerProfile profile, bool withTls) =>
        ((Capabilities)profile.Capabilities & ~Withheld) | Always | (withTls ? Capabilities.Tls : Capabilities.None);
}
