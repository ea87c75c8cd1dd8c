using System.Text;
using Serverless.Host.Mysql;
using T = Serverless.Host.Gateway.State.MysqlTypes;

namespace Serverless.Host.Gateway.State;

/// <summary>Column definitions as the two servers make them. Taken from MariaDB 10.11 and MySQL 9.7; the tests compare.</summary>
/// <param name="collation">Collation id of text in results.</param>
/// <param name="width">Greatest bytes of a character in results.</param>
/// <param name="unconverted">character_set_results is NULL: each text comes as it is kept.</param>
internal readonly struct LocalColumns(ServerFamily family, int collation, int width, bool unconverted)
{
    /// <summary>utf8mb4_0900_ai_ci, which the tables of performance_schema are in, with four bytes a character.</summary>
    private const ushort PerformanceSchemaCollation = 255;

    private const int MariaDbTextDecimals = 39;
    private const int MySqlTextDecimals = 31;

    private bool IsMariaDb => family == ServerFamily.MariaDb;

    /// <summary>Text columns can be made: the character set is known.</summary>
    public bool CanText => width > 0 && collation is > 0 and <= ushort.MaxValue;

    public LocalColumn Literal(byte[] name, int digits) => IsMariaDb
        ? new LocalColumn(name, T.Long, T.NotNullFlag | T.BinaryFlag, T.BinaryCollation, (uint)digits, 0)
        : new LocalColumn(name, T.LongLong, T.NotNullFlag | T.BinaryFlag, T.BinaryCollation, (uint)digits + 1, 0);

    public LocalColumn Variable(byte[] name, VariableKind kind, string value) => kind switch
    {
        VariableKind.Bool => new LocalColumn(name, T.LongLong, T.BinaryFlag, T.BinaryCollation, 1, 0),
        VariableKind.Number => new LocalColumn(name, T.LongLong, T.BinaryFlag | T.UnsignedFlag, T.BinaryCollation, 21, 0),
        VariableKind.Double => new LocalColumn(name, T.Double, T.BinaryFlag, T.BinaryCollation, IsMariaDb ? 21u : 23u, 6),
        _ => Text(name, IsMariaDb ? value.Length : 21845, 0),
    };

    public LocalColumn Text(byte[] name, int characters, ushort flags) =>
        new(name, T.VarString, flags, (ushort)collation, (uint)(characters * width), (byte)(IsMariaDb ? MariaDbTextDecimals : MySqlTextDecimals));

    public LocalColumn ConnectionId(byte[] name) => IsMariaDb
        ? new LocalColumn(name, T.Long, T.NotNullFlag | T.BinaryFlag | T.UnsignedFlag, T.BinaryCollation, 10, 0)
        : new LocalColumn(name, T.LongLong, T.NotNullFlag | T.BinaryFlag | T.UnsignedFlag, T.BinaryCollation, 21, 0);

    /// <summary>USER(), CURRENT_USER(): name and host. In strict mode a function of text may be NULL, since it may be too long for a packet.</summary>
    public LocalColumn User(byte[] name, bool strict) => Text(name, IsMariaDb ? 384 : 288, strict ? (ushort)0 : T.NotNullFlag);

    /// <summary>FOUND_ROWS(), ROW_COUNT(), LAST_INSERT_ID().</summary>
    public static LocalColumn Count(byte[] name, bool unsigned) =>
        new(name, T.LongLong, (ushort)(T.NotNullFlag | T.BinaryFlag | (unsigned ? T.UnsignedFlag : 0)), T.BinaryCollation, 21, 0);

    /// <summary>The two columns of SHOW VARIABLES.</summary>
    public LocalColumn[] ShowVariables()
    {
        const ushort required = T.NotNullFlag | T.NoDefaultFlag;
        var (kept, bytes) = unconverted && !IsMariaDb ? (PerformanceSchemaCollation, 4) : ((ushort)collation, width);
        var name = new LocalColumn("Variable_name"u8.ToArray(), T.VarString, required, kept, (uint)(64 * bytes), 0);
        var value = new LocalColumn("Value"u8.ToArray(), T.VarString, IsMariaDb ? required : (ushort)0, kept, (uint)((IsMariaDb ? 4096 : 1024) * bytes), 0);
        return IsMariaDb
            ? [From(name, "information_schema", "SESSION_VARIABLES", "VARIABLE_NAME"), From(value, "information_schema", "SESSION_VARIABLES", "VARIABLE_VALUE")]
            : [From(name, "performance_schema", "session_variables", "Variable_name"), From(value, "performance_schema", "session_variables", "Value")];
    }

    /// <summary>The three columns of SHOW WARNINGS.</summary>
    public LocalColumn[] ShowWarnings() =>
    [
        Text("Level"u8.ToArray(), 7, T.NotNullFlag),
        new LocalColumn("Code"u8.ToArray(), T.Long, T.NotNullFlag | T.BinaryFlag | T.UnsignedFlag, T.BinaryCollation, IsMariaDb ? 4u : 5u, 0),
        Text("Message"u8.ToArray(), 512, T.NotNullFlag),
    ];

    private static LocalColumn From(LocalColumn column, string schema, string table, string original) =>
        column with { Schema = schema, Table = table, OriginalTable = table, OriginalName = original };
}
