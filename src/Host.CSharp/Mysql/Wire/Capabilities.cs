namespace Serverless.Host.Mysql;

/// <summary>
/// Capability flags of the connection phase. The lower 32 bits are MySQL's; the upper 32 are MariaDB's extended ones, which are exchanged only when
/// <see cref="LongPassword"/> (CLIENT_MYSQL there) is off on both sides.
/// Source: MySQL Source Code Documentation, "Capabilities Flags"; MariaDB Knowledge Base, "Connection".
/// </summary>
[Flags]
public enum Capabilities : ulong
{
    None = 0,
    /// <summary>CLIENT_LONG_PASSWORD; MariaDB calls it CLIENT_MYSQL, and a MariaDB server or client that has it off speaks the extended flags.</summary>
    LongPassword = 1UL << 0,
    FoundRows = 1UL << 1,
    LongFlag = 1UL << 2,
    ConnectWithDatabase = 1UL << 3,
    NoSchema = 1UL << 4,
    Compress = 1UL << 5,
    Odbc = 1UL << 6,
    LocalFiles = 1UL << 7,
    IgnoreSpace = 1UL << 8,
    Protocol41 = 1UL << 9,
    Interactive = 1UL << 10,
    Tls = 1UL << 11,
    IgnoreSigpipe = 1UL << 12,
    Transactions = 1UL << 13,
    Reserved = 1UL << 14,
    /// <summary>CLIENT_SECURE_CONNECTION (CLIENT_RESERVED2): scrambles of 20 bytes.</summary>
    SecureConnection = 1UL << 15,
    MultiStatements = 1UL << 16,
    MultiResults = 1UL << 17,
    PreparedMultiResults = 1UL << 18,
    PluginAuth = 1UL << 19,
    ConnectAttributes = 1UL << 20,
    PluginAuthLengthEncoded = 1UL << 21,
    CanHandleExpiredPasswords = 1UL << 22,
    SessionTrack = 1UL << 23,
    DeprecateEof = 1UL << 24,
    OptionalResultSetMetadata = 1UL << 25,
    ZstdCompression = 1UL << 26,
    QueryAttributes = 1UL << 27,
    MultiFactorAuthentication = 1UL << 28,
    CapabilityExtension = 1UL << 29,
    VerifyServerCertificate = 1UL << 30,
    RememberOptions = 1UL << 31,
    MariaDbProgress = 1UL << 32,
    MariaDbComMulti = 1UL << 33,
    MariaDbBulkOperations = 1UL << 34,
    MariaDbExtendedMetadata = 1UL << 35,
    MariaDbCacheMetadata = 1UL << 36,
    MariaDbBulkUnitResults = 1UL << 37,
}
