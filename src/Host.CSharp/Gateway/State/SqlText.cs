using System.Buffers;
using System.Text;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// Writes statements for a session's backend so that they mean the same under every sql_mode and character set: ASCII only, names in backticks,
/// strings that are not plain in hexadecimal.
/// </summary>
internal sealed class SqlText
{
    private readonly ArrayBufferWriter<byte> _bytes = new(256);

    public ReadOnlyMemory<byte> Bytes => _bytes.WrittenMemory;

    public int Length => _bytes.WrittenCount;

    public static ReadOnlyMemory<byte> Of(string sql) => Encoding.ASCII.GetBytes(sql);

    public SqlText Add(string ascii)
    {
        Encoding.ASCII.GetBytes(ascii, _bytes);
        return this;
    }

    public SqlText Add(ReadOnlySpan<byte> bytes)
    {
        _bytes.Write(bytes);
        return this;
    }

    /// <summary>A name in backticks; its bytes are in the character set that the connection has while this runs.</summary>
    public SqlText Name(string name)
    {
        Add("`"u8);
        Add(Encoding.UTF8.GetBytes(name.Replace("`", "``", StringComparison.Ordinal)));
        return Add("`"u8);
    }

    /// <summary>A string in quotes when it is plain in every mode, otherwise in hexadecimal with the given character set.</summary>
    public SqlText String(ReadOnlySpan<byte> value, string characterSet)
    {
        if (IsPlain(value)) return Add("'"u8).Add(value).Add("'"u8);
        return Add("_").Add(characterSet).Add(" ").Hex(value);
    }

    public SqlText Hex(ReadOnlySpan<byte> value) => Add("x'").Add(Convert.ToHexString(value)).Add("'");

    public SqlText Value(in SessionValue value)
    {
        if (value.Text is null) return Add("NULL");
        return value.Numeric ? Add(value.Text) : String(value.Text, "utf8");
    }

    /// <summary>Printable ASCII without quote and backslash.</summary>
    public static bool IsPlain(ReadOnlySpan<byte> value)
    {
        foreach (var c in value)
        {
            if (c is < 0x20 or > 0x7e or (byte)'\'' or (byte)'\\') return false;
        }
        return true;
    }
}
