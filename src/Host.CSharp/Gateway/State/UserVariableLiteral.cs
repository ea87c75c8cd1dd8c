namespace Serverless.Host.Gateway.State;

/// <summary>Expressions that give a user variable the same value, type, character set and collation again.</summary>
internal static class UserVariableLiteral
{
    /// <summary>Null when the column's collation is not known.</summary>
    public static byte[]? Of(in BackendColumn column, byte[]? value, ServerCatalogue catalogue)
    {
        var text = new SqlText();
        var known = column.Type switch
        {
            MysqlTypes.LongLong or (>= MysqlTypes.Tiny and <= MysqlTypes.Long) or MysqlTypes.Int24 => Integer(text, column, value),
            MysqlTypes.Decimal or MysqlTypes.NewDecimal => Decimal(text, value),
            MysqlTypes.Float or MysqlTypes.Double => Double(text, value),
            _ => String(text, column, value, catalogue),
        };
        return known ? text.Bytes.ToArray() : null;
    }

    private static bool Integer(SqlText text, in BackendColumn column, byte[]? value)
    {
        text.Add("CAST(").Add(value ?? "NULL"u8).Add((column.Flags & MysqlTypes.UnsignedFlag) != 0 ? " AS UNSIGNED)" : " AS SIGNED)");
        return true;
    }

    /// <summary>A literal with a point is a decimal, also with no digit behind it.</summary>
    private static bool Decimal(SqlText text, byte[]? value)
    {
        if (value is null) text.Add("CAST(NULL AS DECIMAL(65,30))");
        else text.Add(value).Add(value.AsSpan().Contains((byte)'.') ? "" : ".");
        return true;
    }

    /// <summary>A literal with an exponent is a double. The server prints the digits that give the same double again.</summary>
    private static bool Double(SqlText text, byte[]? value)
    {
        if (value is null) text.Add("NULL+0e0");
        else text.Add(value).Add(value.AsSpan().IndexOfAny((byte)'e', (byte)'E') >= 0 ? "" : "e0");
        return true;
    }

    private static bool String(SqlText text, in BackendColumn column, byte[]? value, ServerCatalogue catalogue)
    {
        if (column.Collation == MysqlTypes.BinaryCollation)
        {
            if (value is null) text.Add("NULL");
            else text.Add("_binary ").Hex(value);
            return true;
        }
        if (catalogue.CollationName(column.Collation) is not { } collation || catalogue.CharacterSet(column.Collation) is not { } set) return false;
        if (value is null) text.Add("CONVERT(NULL USING ").Add(set).Add(")");
        else text.Add("_").Add(set).Add(" ").Hex(value);
        text.Add(" COLLATE ").Add(collation);
        return true;
    }
}
