namespace Serverless.Host.Gateway.State;

/// <summary>MYSQL_TYPE_… numbers of column definitions that state and local answers deal with, and column flags.</summary>
internal static class MysqlTypes
{
    public const byte Decimal = 0;
    public const byte Tiny = 1;
    public const byte Long = 3;
    public const byte Float = 4;
    public const byte Double = 5;
    public const byte LongLong = 8;
    public const byte Int24 = 9;
    public const byte NewDecimal = 246;
    public const byte VarString = 253;

    public const ushort NotNullFlag = 1;
    public const ushort UnsignedFlag = 32;
    public const ushort BinaryFlag = 128;
    public const ushort NoDefaultFlag = 4096;

    /// <summary>Collation id of numbers and binary strings.</summary>
    public const ushort BinaryCollation = 63;
}
