namespace Serverless.Host.Mysql;

/// <summary>Error numbers that the gateway sends or understands. Source: MySQL Error Reference; MariaDB Error Codes (from 1900 on where they differ).</summary>
public static class ErrorCode
{
    public const ushort TooManyConnections = 1040;
    public const ushort OutOfResources = 1041;
    public const ushort BadHandshake = 1043;
    public const ushort DatabaseAccessDenied = 1044;
    public const ushort AccessDenied = 1045;
    public const ushort NoDatabaseSelected = 1046;
    public const ushort UnknownCommand = 1047;
    public const ushort UnknownDatabase = 1049;
    public const ushort TableExists = 1050;
    public const ushort ServerShutdown = 1053;
    public const ushort ParseError = 1064;
    public const ushort EmptyQuery = 1065;
    public const ushort UnknownThread = 1094;
    public const ushort KillDenied = 1095;
    public const ushort UnknownError = 1105;
    public const ushort HostIsBlocked = 1129;
    public const ushort HostNotPrivileged = 1130;
    public const ushort AbortedConnection = 1152;
    public const ushort PacketTooLarge = 1153;
    public const ushort PacketsOutOfOrder = 1156;
    public const ushort ReadError = 1158;
    public const ushort ReadTimeout = 1159;
    public const ushort UnknownVariable = 1193;
    public const ushort TooManyUserConnections = 1203;
    public const ushort LockWaitTimeout = 1205;
    public const ushort WrongArguments = 1210;
    public const ushort Deadlock = 1213;
    public const ushort SpecificAccessDenied = 1227;
    public const ushort NotSupportedYet = 1235;
    public const ushort UnknownStatement = 1243;
    public const ushort NotSupportedAuthMode = 1251;

    /// <summary>Some of the rights that a REVOKE ALL names could not be taken; others were.</summary>
    public const ushort RevokeGrants = 1269;
    public const ushort OptionPreventsStatement = 1290;
    public const ushort UnsupportedPrepared = 1295;
    public const ushort QueryInterrupted = 1317;

    /// <summary>Some of the accounts that a statement names could not be made, changed or dropped; on MariaDB the others were.</summary>
    public const ushort CannotUser = 1396;
    public const ushort MaxPreparedStatements = 1461;
    public const ushort PluginNotLoaded = 1524;
    public const ushort AccessDeniedNoPassword = 1698;
    public const ushort MustChangePassword = 1820;
    public const ushort MalformedPacket = 1835;
    public const ushort PasswordExpired = 1862;
    /// <summary>MariaDB: the connection was killed.</summary>
    public const ushort ConnectionKilled = 1927;
    public const ushort StatementTimeoutMariaDb = 1969;
    public const ushort QueryTimeoutMySql = 3024;
    public const ushort AccountLockedMySql = 3118;
    public const ushort SecureTransportRequired = 3159;
    public const ushort AccountLockedMariaDb = 4151;

    /// <summary>In the place of an error number: a progress report of MariaDB, and no error.</summary>
    public const ushort ProgressReport = 0xffff;

    /// <summary>The SQLSTATE that servers send with the number; HY000 for those without one of their own.</summary>
    public static string SqlStateOf(ushort code) => code switch
    {
        TooManyConnections => "08004",
        BadHandshake or UnknownCommand or ServerShutdown or AbortedConnection or PacketTooLarge or PacketsOutOfOrder or ReadError
            or ReadTimeout or NotSupportedAuthMode => "08S01",
        DatabaseAccessDenied or ParseError or EmptyQuery or TooManyUserConnections or SpecificAccessDenied or NotSupportedYet
            or MaxPreparedStatements => "42000",
        AccessDenied or AccessDeniedNoPassword => "28000",
        NoDatabaseSelected => "3D000",
        UnknownDatabase => "42000",
        Deadlock => "40001",
        QueryInterrupted or ConnectionKilled or StatementTimeoutMariaDb => "70100",
        _ => "HY000",
    };
}
