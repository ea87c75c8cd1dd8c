namespace Serverless.Host.Mysql;

public enum ServerFamily { MySql, MariaDb }

/// <summary>
/// What is known of the engine from its last run: enough to greet clients and to answer driver start-up statements truthfully while it sleeps.
/// Read from the engine after each start, kept on disk beside the account snapshot.
/// </summary>
/// <param name="Version">Version string exactly as the engine's greeting gives it.</param>
/// <param name="Capabilities">Capability flags of the engine's greeting (lower 32 bits; MariaDB's extended ones in the upper 32).</param>
/// <param name="DefaultCollationId">Collation id of the greeting.</param>
/// <param name="DefaultAuthPlugin">Authentication plugin of the greeting.</param>
/// <param name="Variables">Session variables as a fresh session sees them (lower-case name to value, from SHOW SESSION VARIABLES).</param>
/// <param name="Collations">Collation name to (id, character set).</param>
public sealed record ServerProfile(
    ServerFamily Family, string Version, ulong Capabilities, byte DefaultCollationId, string DefaultAuthPlugin,
    IReadOnlyDictionary<string, string> Variables, IReadOnlyDictionary<string, CollationInfo> Collations)
{
    /// <summary>
    /// There are stored functions or triggers beside the server's own, so that a plain statement may do to its session what its text does not say. True
    /// where that is not known.
    /// </summary>
    public bool MayRunStoredCode { get; init; } = true;

    /// <summary>When the reading of it began; changes made later may be missing.</summary>
    public DateTimeOffset ReadAt { get; init; }
}

/// <param name="Id">Collation id as used in the protocol.</param>
/// <param name="IsDefault">It is the default collation of its character set.</param>
public sealed record CollationInfo(int Id, string CharacterSet, bool IsDefault);
