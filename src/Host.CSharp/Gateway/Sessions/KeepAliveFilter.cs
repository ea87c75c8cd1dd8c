using Serverless.Host.Gateway.State;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>
/// A look that costs next to nothing at whether a statement could be one of those that are answered without a compute; most are not, and
/// the full question would be asked with each of them.
/// </summary>
internal static class KeepAliveFilter
{
    public static bool MayBeAnswered(ReadOnlySpan<byte> text, in StatementInfo info) => info.Kind switch
    {
        StatementKind.Select => !ReadsATable(text),
        StatementKind.Show or StatementKind.Set or StatementKind.Commit or StatementKind.Rollback or StatementKind.Empty => true,
        _ => false,
    };

    /// <summary>The word FROM stands in it, and DUAL not behind that.</summary>
    private static bool ReadsATable(ReadOnlySpan<byte> text)
    {
        while (true)
        {
            var start = text.IndexOfAny((byte)'f', (byte)'F');
            if (start < 0 || text.Length - start < 4) return false;
            text = text[start..];
            if (SqlWords.Same(text[..4], "from"u8))
            {
                var rest = text[4..].TrimStart(" \t\r\n"u8);
                if (rest.Length < 4 || !SqlWords.Same(rest[..4], "dual"u8)) return true;
            }
            text = text[1..];
        }
    }
}
