namespace Serverless.Host.Mysql;

/// <summary>First byte of a command packet. Source: MySQL Source Code Documentation, "enum_server_command"; MariaDB's own from 0xf0 on.</summary>
public enum Command : byte
{
    Sleep = 0x00,
    Quit = 0x01,
    InitDb = 0x02,
    Query = 0x03,
    FieldList = 0x04,
    CreateDb = 0x05,
    DropDb = 0x06,
    Refresh = 0x07,
    Shutdown = 0x08,
    Statistics = 0x09,
    ProcessInfo = 0x0a,
    Connect = 0x0b,
    ProcessKill = 0x0c,
    Debug = 0x0d,
    Ping = 0x0e,
    Time = 0x0f,
    DelayedInsert = 0x10,
    ChangeUser = 0x11,
    BinlogDump = 0x12,
    TableDump = 0x13,
    ConnectOut = 0x14,
    RegisterSlave = 0x15,
    StmtPrepare = 0x16,
    StmtExecute = 0x17,
    StmtSendLongData = 0x18,
    StmtClose = 0x19,
    StmtReset = 0x1a,
    SetOption = 0x1b,
    StmtFetch = 0x1c,
    Daemon = 0x1d,
    BinlogDumpGtid = 0x1e,
    ResetConnection = 0x1f,
    Clone = 0x20,
    SubscribeGroupReplicationStream = 0x21,
    /// <summary>MariaDB: COM_STMT_BULK_EXECUTE.</summary>
    StmtBulkExecute = 0xfa,
    /// <summary>MariaDB: COM_MULTI, withdrawn.</summary>
    Multi = 0xfe,
}
