namespace Serverless.Host.Gateway.State;

/// <summary>What a statement is by its first words. Of several statements in one text, the first.</summary>
public enum StatementKind : byte
{
    /// <summary>The first word is not one the classifier knows.</summary>
    Unknown,

    /// <summary>Only spaces and comments.</summary>
    Empty,
    Select, Insert, Replace, Update, Delete, Set, Use, Show, Describe, Begin, Commit, Rollback, Savepoint, Call, Do, Kill,
    Prepare, Execute, Deallocate, Handler, LockTables, UnlockTables, Flush, Xa, Ddl, Accounts, Load, Maintenance, Diagnostics, Block, Shutdown,

    /// <summary>Server administration that leaves nothing in the session (replication, plugins, binary logs, instance).</summary>
    Administration,
}
