namespace Serverless.Host.Gateway.State;

/// <summary>Names as statements spell them.</summary>
internal static class SqlNames
{
    /// <summary>The text without its enclosing quotes, if it has any; doubled quotes inside stay doubled.</summary>
    public static ReadOnlySpan<byte> Inner(ReadOnlySpan<byte> text) =>
        text.Length >= 2 && text[0] is (byte)'`' or (byte)'"' or (byte)'\'' && text[^1] == text[0] ? text[1..^1] : text;
}
