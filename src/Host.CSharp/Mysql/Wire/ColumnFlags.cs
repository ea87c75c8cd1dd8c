namespace Serverless.Host.Mysql;

/// <summary>Flags of a column definition. Source: MySQL Source Code Documentation, "Column Definition Flags".</summary>
[Flags]
public enum ColumnFlags : ushort
{
    None = 0,
    NotNull = 1 << 0,
    PrimaryKey = 1 << 1,
    UniqueKey = 1 << 2,
    MultipleKey = 1 << 3,
    Blob = 1 << 4,
    Unsigned = 1 << 5,
    ZeroFill = 1 << 6,
    Binary = 1 << 7,
    Enum = 1 << 8,
    AutoIncrement = 1 << 9,
    Timestamp = 1 << 10,
    Set = 1 << 11,
    NoDefaultValue = 1 << 12,
    OnUpdateNow = 1 << 13,
    Number = 1 << 15,
}
