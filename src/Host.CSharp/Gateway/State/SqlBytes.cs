using System.Runtime.CompilerServices;

namespace Serverless.Host.Gateway.State;

/// <summary>Classes of bytes in statement text.</summary>
internal static class SqlBytes
{
    /// <summary>Spaces, control characters, and symbols that mean nothing by themselves.</summary>
    public const byte Plain = 0;

    /// <summary>
    /// Begins a word: letters, `$`, `_`, and every byte from 0x80, which are letters in all the character sets that the lexer reads.
    /// </summary>
    public const byte Letter = 1;

    public const byte Digit = 2;

    /// <summary>May begin a literal, a quoted name, a comment, a variable; or ends the statement.</summary>
    public const byte Special = 3;

    private static ReadOnlySpan<byte> Classes =>
    [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 3, 3, 1, 0, 0, 3, 0, 0, 3, 0, 0, 3, 0, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 0, 0, 0, 0,
        3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1,
        3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    ];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte ClassOf(byte c) => Classes[c];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsWord(byte c) => (uint)(Classes[c] - 1) <= 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsDigit(byte c) => (uint)(c - '0') <= 9;
}
