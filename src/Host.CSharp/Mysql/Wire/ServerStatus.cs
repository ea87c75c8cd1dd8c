namespace Serverless.Host.Mysql;

/// <summary>Status flags of OK and EOF packets. Source: MySQL Source Code Documentation, "SERVER_STATUS_flags_enum".</summary>
[Flags]
public enum ServerStatus : ushort
{
    None = 0,
    InTransaction = 1 << 0,
    AutoCommit = 1 << 1,
    MoreResults = 1 << 3,
    NoGoodIndexUsed = 1 << 4,
    NoIndexUsed = 1 << 5,
    CursorExists = 1 << 6,
    LastRowSent = 1 << 7,
    DatabaseDropped = 1 << 8,
    NoBackslashEscapes = 1 << 9,
    MetadataChanged = 1 << 10,
    QueryWasSlow = 1 << 11,
    OutputParameters = 1 << 12,
    InReadOnlyTransaction = 1 << 13,
    SessionStateChanged = 1 << 14,
    /// <summary>ANSI_QUOTES is on (MariaDB 10.x).</summary>
    AnsiQuotes = 1 << 15,
}
