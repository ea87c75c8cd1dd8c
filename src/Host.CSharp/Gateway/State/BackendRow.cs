using System.Buffers.Text;
using System.Text;

namespace Serverless.Host.Gateway.State;

/// <summary>Reads values of text-protocol rows.</summary>
internal static class BackendRow
{
    /// <summary>The only row of a result, or null when it failed, or has not exactly one row of so many values as were asked for.</summary>
    public static byte[]?[]? Only(BackendResult result, int columns = 1) => !result.Failed && result.Rows.Count == 1 && result.Columns.Count >= columns ? result.Rows[0] : null;

    public static bool TryNumber(byte[]? value, out ulong number)
    {
        number = 0;
        return value is not null && Utf8Parser.TryParse(value, out number, out var used) && used == value.Length;
    }

    /// <summary>The text behind HEX(CONVERT(… USING utf8mb4)); null for NULL.</summary>
    public static bool TryHexText(byte[]? value, out string? text)
    {
        text = null;
        if (value is null) return true;
        try
        {
            text = Encoding.UTF8.GetString(Convert.FromHexString(Encoding.ASCII.GetString(value)));
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    public static bool IsNumeric(byte type) => type is MysqlTypes.Decimal or MysqlTypes.NewDecimal or (>= MysqlTypes.Tiny and <= MysqlTypes.Double)
        or MysqlTypes.LongLong or MysqlTypes.Int24;
}
