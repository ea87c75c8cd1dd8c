using System.Text;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Fuzz;

/// <summary>Commands as clients send them, drawn at random: most of them right, in any order, so that sessions get into all the states that they can.</summary>
internal static class ClientGrammar
{
    private static readonly string[] Statements =
    [
        "SELECT 1", "SELECT @@version, @@autocommit", "SELECT COUNT(*) FROM mysql.db", "SELECT 1; SELECT 2", "SELECT 1 FROM nowhere.at_all", "SELEC", "", ";", "/* nothing */",
        "SET @a = 1, @b := 'x'", "SET NAMES latin1", "SET NAMES utf8mb4", "SET autocommit = 0", "SET autocommit = 1", "SET SESSION sql_mode = 'ANSI_QUOTES'", "SET nonsense = 1",
        "BEGIN", "COMMIT", "ROLLBACK", "START TRANSACTION READ ONLY", "SAVEPOINT s", "USE mysql", "USE nowhere", "CREATE TEMPORARY TABLE IF NOT EXISTS shop.t (a INT)",
        "INSERT INTO shop.t VALUES (1)", "DROP TEMPORARY TABLE IF EXISTS shop.t", "PREPARE p FROM 'SELECT ?'", "EXECUTE p USING @a", "DEALLOCATE PREPARE p", "SELECT GET_LOCK(UUID(), 0)",
        "SHOW WARNINGS", "SHOW VARIABLES LIKE 'version'", "SHOW PROCESSLIST", "SHOW SERVERLESS STATUS", "SHOW SERVERLESS SESSIONS", "SELECT LAST_INSERT_ID(7), FOUND_ROWS()",
        "SELECT SQL_CALC_FOUND_ROWS 1 LIMIT 0", "SELECT REPEAT('x', 100000)", "SELECT CONNECTION_ID()", "KILL QUERY 0", "KILL 4294967295", "DO 1", "SELECT 'open", "SELECT /*! 1 */", "HANDLER mysql.db OPEN AS h",
        "XA START 'x'", "XA END 'x'", "XA ROLLBACK 'x'", "SET STATEMENT max_statement_time = 1 FOR SELECT 1", "EXPLAIN SELECT 1", "LOAD DATA LOCAL INFILE 'f' INTO TABLE shop.t",
    ];

    private static readonly Command[] Odd =
    [
        Command.Sleep, Command.CreateDb, Command.DropDb, Command.Connect, Command.Debug, Command.Time, Command.DelayedInsert, Command.TableDump, Command.ConnectOut, Command.RegisterSlave, Command.Daemon,
        Command.BinlogDumpGtid, Command.Clone, Command.SubscribeGroupReplicationStream, Command.Multi, (Command)0x7f, (Command)0xff,
    ];

    /// <summary>It is one of these, and none of the gateway's own.</summary>
    public static bool Knows(string statement) => Statements.Contains(statement, StringComparer.Ordinal);

    /// <summary>One command, with its packet's header.</summary>
    public static byte[] Draw(Random random) => new Packets(sequence: 0).Add(Payload(random)).Written;

    private static byte[] Payload(Random random) => random.Next(20) switch
    {
        < 8 => [(byte)Command.Query, .. Encoding.UTF8.GetBytes(Statement(random))],
        8 or 9 => [(byte)Command.StmtPrepare, .. Encoding.UTF8.GetBytes(random.Next(2) == 0 ? "SELECT ?, ? FROM DUAL" : Statement(random))],
        10 or 11 => Execute(random, Command.StmtExecute),
        12 => [(byte)Command.StmtSendLongData, .. Id(random), .. Packets.Fixed(2, (ulong)random.Next(3)), .. new byte[random.Next(300)]],
        13 => [(byte)(random.Next(2) == 0 ? Command.StmtClose : Command.StmtReset), .. Id(random)],
        14 => [(byte)Command.StmtFetch, .. Id(random), .. Packets.Fixed(4, (ulong)random.Next(100))],
        15 => [(byte)Command.InitDb, .. Encoding.UTF8.GetBytes(random.Next(2) == 0 ? "mysql" : "nowhere")],
        16 => [(byte)(random.Next(3) switch { 0 => Command.Ping, 1 => Command.ResetConnection, _ => Command.Statistics })],
        17 => [(byte)Command.ChangeUser, .. "app\0"u8, 20, .. new byte[20], .. "mysql\0"u8, 45, 0, .. "mysql_native_password\0"u8],
        18 => random.Next(2) == 0 ? [(byte)Command.SetOption, (byte)random.Next(3), 0] : Execute(random, Command.StmtBulkExecute),
        _ => [(byte)Odd[random.Next(Odd.Length)], .. new byte[random.Next(12)]],
    };

    private static string Statement(Random random) => Statements[random.Next(Statements.Length)];

    /// <summary>Statements are numbered from one; MariaDB takes the highest number for the last that was prepared.</summary>
    private static byte[] Id(Random random) => Packets.Fixed(4, random.Next(8) == 0 ? uint.MaxValue : (ulong)random.Next(5));

    private static byte[] Execute(Random random, Command command)
    {
        byte[] head = [(byte)command, .. Id(random), (byte)(random.Next(4) == 0 ? 1 : 0), 1, 0, 0, 0];
        return random.Next(3) switch
        {
            0 => head,
            1 => [.. head, 0, 1, 8, 0, 253, 0, .. Packets.Fixed(8, 5), .. Packets.Text("value")],
            _ => [.. head, (byte)random.Next(4), 0],
        };
    }
}
