namespace Serverless.Host.Gateway.State;

/// <summary>Small facts of a session's history that decide what a capture has to read.</summary>
[Flags]
internal enum StateFlags : ushort
{
    None = 0,

    /// <summary>The open transaction was begun by BEGIN or START TRANSACTION.</summary>
    BeganExplicitly = 1 << 0,

    /// <summary>SET TRANSACTION for the next transaction, which has not begun yet.</summary>
    NextTransactionSet = 1 << 1,

    /// <summary>SET ROLE was used.</summary>
    RoleChanged = 1 << 2,

    /// <summary>Stored code ran: it may have set user variables that no text named.</summary>
    StoredCodeRan = 1 << 3,

    /// <summary>A sequence's last value was asked for: this session cares.</summary>
    AsksForSequencePosition = 1 << 4,
}
