using System.Runtime.CompilerServices;

namespace Serverless.Host.Gateway.State;

/// <summary>Compares words of statement text with keywords without regard to case.</summary>
internal static class SqlWords
{
    /// <summary><paramref name="lower"/> is given in lower-case ASCII.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Same(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower)
    {
        if (text.Length != lower.Length) return false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if ((uint)(c - 'A') <= 'Z' - 'A') c |= 0x20;
            if (c != lower[i]) return false;
        }
        return true;
    }

    public static bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower) =>
        text.Length >= lower.Length && Same(text[..lower.Length], lower);
}
