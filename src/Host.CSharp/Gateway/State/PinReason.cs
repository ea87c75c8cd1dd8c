namespace Serverless.Host.Gateway.State;

/// <summary>What keeps a session on its backend connection.</summary>
[Flags]
public enum PinCauses : uint
{
    None = 0,
    OpenTransaction = 1 << 0,
    TemporaryTable = 1 << 1,
    UserLock = 1 << 2,
    TableLock = 1 << 3,
    GlobalLock = 1 << 4,
    OpenHandler = 1 << 5,
    XaTransaction = 1 << 6,
    SqlPreparedStatement = 1 << 7,
    OpenCursor = 1 << 8,
    NextTransaction = 1 << 9,
    SequencePosition = 1 << 10,
    UserVariables = 1 << 11,
    SessionVariable = 1 << 12,
    StoredCode = 1 << 13,
    Role = 1 << 14,
    BackupLock = 1 << 15,
    NotUnderstood = 1 << 16,

    /// <summary>FLUSH STATUS was used: the session counts anew what its statements do.</summary>
    StatusCounters = 1 << 17,

    /// <summary>The session has the server keep profiles of its statements.</summary>
    Recordings = 1 << 18,
    All = (Recordings << 1) - 1,
}

/// <summary>Why a session is pinned, for status, metrics and log.</summary>
/// <param name="Cause">The weightiest cause, alone.</param>
/// <param name="Words">In words, a name where one helps: `temporary table shop.basket`.</param>
public readonly record struct PinReason(PinCauses Cause, string Words)
{
    public override string ToString() => Words;
}
