namespace Serverless.Host.Gateway.State;

/// <summary>How a command ended, as its last packet says.</summary>
public readonly ref struct StatementOutcome
{
    /// <summary>The last packet was OK or the EOF of a result set; false: an error packet.</summary>
    public bool Succeeded { get; init; }

    /// <summary>Error code of the error packet.</summary>
    public ushort ErrorCode { get; init; }

    /// <summary>Server status flags (SERVER_STATUS_…); ignored for an error, which carries none.</summary>
    public ushort ServerStatus { get; init; }

    /// <summary>The last answer was a result set, not an OK packet.</summary>
    public bool ResultSet { get; init; }

    public ulong AffectedRows { get; init; }

    /// <summary>The id that an OK packet tells: that of LAST_INSERT_ID(), or one that the statement gave itself.</summary>
    public ulong InsertId { get; init; }

    /// <summary>Rows of the last result set.</summary>
    public ulong Rows { get; init; }

    public ushort Warnings { get; init; }

    /// <summary>The session state information of the OK packet (the content of its length-encoded string, itself without that length), or empty.</summary>
    public ReadOnlySpan<byte> SessionTrack { get; init; }
}
