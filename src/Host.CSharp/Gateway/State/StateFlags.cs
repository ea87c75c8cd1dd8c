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

    /// <summary>The statement under way sets a variable that no tracker reports.</summary>
    SetsUntracked = 1 << 4,

    /// <summary>A user lock was asked for or given back: whether one is held can be asked.</summary>
    UserLockDoubtful = 1 << 5,

    /// <summary>Stored code ran since it was last asked what it left.</summary>
    StoredCodeDoubtful = 1 << 6,

    /// <summary>Session variables may have changed that nobody named or reported.</summary>
    VariablesUnclear = 1 << 7,

    /// <summary>The schema in use has been in use on a backend connection.</summary>
    SchemaWasUsed = 1 << 8,

    /// <summary>It could not be used again on the present one.</summary>
    SchemaIsGone = 1 << 9,

    /// <summary>The open transaction is read-only, or SET TRANSACTION was for it.</summary>
    TransactionIsCharacterized = 1 << 10,
}
