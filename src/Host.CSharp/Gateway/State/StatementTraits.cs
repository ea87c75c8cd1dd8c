namespace Serverless.Host.Gateway.State;

/// <summary>What a statement's text says that it does to, or asks of, its session. Of several statements in one text, the union.</summary>
[Flags]
public enum StatementTraits : ulong
{
    None = 0,

    /// <summary>More than one statement.</summary>
    MultiStatement = 1UL << 0,

    /// <summary>`@x` in any place.</summary>
    UserVariables = 1UL << 1,

    /// <summary>`@x :=`, `INTO @x`, `SET @x`, or any other place where a user variable may get a value.</summary>
    AssignsUserVariables = 1UL << 2,

    /// <summary>`@@x` in any place.</summary>
    ReadsSystemVariables = 1UL << 3,

    /// <summary>SET of session variables (autocommit among them).</summary>
    SetsSessionVariables = 1UL << 4,
    SetsGlobalVariables = 1UL << 5,

    /// <summary>SET NAMES or SET CHARACTER SET.</summary>
    SetsNames = 1UL << 6,

    /// <summary>SET TRANSACTION without SESSION or GLOBAL, or SET @@transaction_…: for the next transaction only.</summary>
    SetsNextTransaction = 1UL << 7,
    SetsRole = 1UL << 8,

    /// <summary>USE.</summary>
    ChangesSchema = 1UL << 9,
    CreatesTemporaryTable = 1UL << 10,

    /// <summary>DROP TABLE, ALTER TABLE or RENAME TABLE, which may name temporary tables.</summary>
    TouchesTables = 1UL << 11,
    TakesUserLock = 1UL << 12,
    ReleasesUserLock = 1UL << 13,
    ReadsUserLock = 1UL << 14,
    LocksTables = 1UL << 15,
    UnlocksTables = 1UL << 16,

    /// <summary>FLUSH TABLES … WITH READ LOCK or FOR EXPORT.</summary>
    TakesGlobalLock = 1UL << 17,
    OpensHandler = 1UL << 18,
    ClosesHandler = 1UL << 19,

    /// <summary>XA START.</summary>
    BeginsXa = 1UL << 20,
    SqlPrepare = 1UL << 21,
    SqlExecute = 1UL << 22,
    SqlDeallocate = 1UL << 23,

    /// <summary>CALL, or a block of statements: it may do what its text does not say.</summary>
    RunsStoredCode = 1UL << 24,
    CalculatesFoundRows = 1UL << 25,
    ReadsFoundRows = 1UL << 26,
    ReadsRowCount = 1UL << 27,
    ReadsLastInsertId = 1UL << 28,

    /// <summary>LAST_INSERT_ID(n).</summary>
    SetsLastInsertId = 1UL << 29,

    /// <summary>SHOW WARNINGS, SHOW ERRORS, @@warning_count, @@error_count, GET DIAGNOSTICS.</summary>
    ReadsDiagnostics = 1UL << 30,

    /// <summary>Ended well, it changes accounts, rights or roles.</summary>
    ChangesAccounts = 1UL << 31,
    KillsQuery = 1UL << 32,
    KillsConnection = 1UL << 33,

    /// <summary>KILL whose target is no plain number (KILL USER, KILL QUERY ID, an expression).</summary>
    KillsOtherwise = 1UL << 34,

    /// <summary>CONNECTION_ID() or @@pseudo_thread_id: the answer is the backend's id, not the one that the client knows.</summary>
    ReadsConnectionId = 1UL << 35,
    BeginsTransaction = 1UL << 36,
    EndsTransaction = 1UL << 37,
    UsesSavepoint = 1UL << 38,
    Shutdown = 1UL << 39,

    /// <summary>Names a variable of session_track_…, which the gateway sets for itself on the backend.</summary>
    NamesTrackers = 1UL << 40,

    /// <summary>MariaDB's SET STATEMENT … FOR.</summary>
    SetStatement = 1UL << 41,

    /// <summary>MariaDB's LASTVAL() or PREVIOUS VALUE FOR: what the session last took from a sequence.</summary>
    ReadsSequencePosition = 1UL << 42,

    /// <summary>It contains a comment that the server executes.</summary>
    ExecutableComment = 1UL << 43,

    /// <summary>LOAD DATA LOCAL: the server will ask the client for a file.</summary>
    LoadsLocalFile = 1UL << 44,

    /// <summary>A literal, name or comment has no end. The server will refuse it.</summary>
    Unterminated = 1UL << 45,

    /// <summary>Some part of it is in no form that the classifier knows; when it ends well, the session is pinned.</summary>
    NotUnderstood = 1UL << 46,

    /// <summary>SET of a variable that a later statement consumes or that cannot be read back: insert_id, rand_seed1, gtid_next….</summary>
    SetsOneShotVariable = 1UL << 47,

    /// <summary>XA COMMIT or XA ROLLBACK.</summary>
    EndsXa = 1UL << 48,

    /// <summary>LOCK INSTANCE FOR BACKUP; BACKUP STAGE or LOCK.</summary>
    TakesBackupLock = 1UL << 49,

    /// <summary>UNLOCK INSTANCE; BACKUP STAGE END, BACKUP UNLOCK.</summary>
    ReleasesBackupLock = 1UL << 50,

    /// <summary>RELEASE_ALL_LOCKS().</summary>
    ReleasesAllUserLocks = 1UL << 51,

    /// <summary>Names a table or column in which the server keeps its own numbers of connections.</summary>
    NamesServerConnections = 1UL << 52,

    /// <summary>CREATE of a routine, trigger or event.</summary>
    CreatesStoredCode = 1UL << 53,

    /// <summary>OFFSET, or LIMIT with two numbers: FOUND_ROWS() is more than the rows that come.</summary>
    SkipsRows = 1UL << 54,

    /// <summary>FLUSH STATUS.</summary>
    ResetsCounters = 1UL << 55,

    /// <summary>Names the table in which the server shows the session's status counters.</summary>
    NamesCounters = 1UL << 58,

    /// <summary>SET profiling, to something else than 0 or OFF, or optimizer_trace, to something else than `enabled=off`.</summary>
    RecordsStatements = 1UL << 56,

    /// <summary>MariaDB's NEXTVAL() or NEXT VALUE FOR: LASTVAL() tells what it gave, until the connection is reset.</summary>
    TakesFromSequence = 1UL << 57,
}
