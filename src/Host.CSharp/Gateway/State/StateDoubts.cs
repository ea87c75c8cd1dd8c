namespace Serverless.Host.Gateway.State;

/// <summary>What of a session's state on its backend connection is not known from what the relay saw, and has to be read back before it leaves.</summary>
[Flags]
internal enum StateDoubts : byte
{
    None = 0,

    /// <summary>Schema, variables, user variables, statements prepared by SQL: all that <see cref="SessionRestore"/> makes, save LAST_INSERT_ID().</summary>
    Settings = 1 << 0,
    LastInsertId = 1 << 1,
    FoundRows = 1 << 2,

    /// <summary>There may be warnings to be shown.</summary>
    Warnings = 1 << 3,
    LastStatement = FoundRows | Warnings,
    All = Settings | LastInsertId | LastStatement,
}
