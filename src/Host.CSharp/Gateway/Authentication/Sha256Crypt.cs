using System.Buffers;
using System.Security.Cryptography;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>
/// The stored form of `caching_sha2_password`: `$A$005$` (thousands of rounds in hexadecimal; MySQL 9 writes `00A`), 20 bytes of salt, 43 characters of digest. The digest is SHA-crypt with SHA-256
/// (Drepper, "Unix crypt using SHA-256 and SHA-512"). It costs milliseconds by
/// design: never on an event loop.
/// </summary>
internal static class Sha256Crypt
{
    /// <summary>MySQL takes no longer password for this plugin.</summary>
    public const int LongestPassword = 256;

    public const int SaltLength = 20;

    private const int DigestLength = 43;
    private const int PrefixLength = 7;
    private const string Alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>Whether the password is the one that was stored. False for a stored text that is none of this plugin.</summary>
    /// <param name="stored">The text as the engine keeps it, bytes as Latin-1.</param>
    public static bool Verify(ReadOnlySpan<byte> password, string stored)
    {
        if (!TryRead(stored, out var rounds) || password.Length > LongestPassword) return false;
        Span<byte> salt = stackalloc byte[SaltLength];
        for (var i = 0; i < SaltLength; i++) salt[i] = (byte)stored[PrefixLength + i];
        Span<byte> expected = stackalloc byte[DigestLength];
        for (var i = 0; i < DigestLength; i++) expected[i] = (byte)stored[PrefixLength + SaltLength + i];
        Span<byte> digest = stackalloc byte[DigestLength];
        Encode(Digest(password, salt, rounds), digest);
        return CryptographicOperations.FixedTimeEquals(digest, expected);
    }

    /// <summary>The text that MySQL would store.</summary>
    /// <param name="salt">20 bytes in 1..127 without `$`.</param>
    public static string Store(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt)
    {
        Span<byte> digest = stackalloc byte[DigestLength];
        Encode(Digest(password, salt, 5000), digest);
        return $"$A$005${System.Text.Encoding.Latin1.GetString(salt)}{System.Text.Encoding.Latin1.GetString(digest)}";
    }

    private static bool TryRead(string stored, out int rounds)
    {
        rounds = 0;
        if (stored.Length != PrefixLength + SaltLength + DigestLength || !stored.StartsWith("$A$", StringComparison.Ordinal) || stored[6] != '$') return false;
        if (!int.TryParse(stored.AsSpan(3, 3), System.Globalization.NumberStyles.AllowHexSpecifier, provider: null, out rounds)) return false;
        rounds *= 1000;
        return rounds > 0;
    }

    private static byte[] Digest(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int rounds)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(password);
        hash.AppendData(salt);
        hash.AppendData(password);
        var b = hash.GetHashAndReset();

        hash.AppendData(password);
        hash.AppendData(salt);
        AppendRepeated(hash, b, password.Length);
        for (var n = password.Length; n > 0; n >>= 1) hash.AppendData((n & 1) != 0 ? b : password);
        var a = hash.GetHashAndReset();

        for (var i = 0; i < password.Length; i++) hash.AppendData(password);
        var p = Repeat(hash.GetHashAndReset(), password.Length);
        for (var i = 0; i < 16 + a[0]; i++) hash.AppendData(salt);
        var s = Repeat(hash.GetHashAndReset(), salt.Length);

        // One call of the hash per round, on a buffer laid out anew: several times faster than appending piece by piece.
        var buffer = ArrayPool<byte>.Shared.Rent(64 + s.Length + (2 * p.Length));
        for (var round = 0; round < rounds; round++)
        {
            var length = 0;
            Put(buffer, ref length, (round & 1) != 0 ? p : a);
            if (round % 3 != 0) Put(buffer, ref length, s);
            if (round % 7 != 0) Put(buffer, ref length, p);
            Put(buffer, ref length, (round & 1) != 0 ? a : p);
            SHA256.HashData(buffer.AsSpan(0, length), a);
        }
        CryptographicOperations.ZeroMemory(buffer);
        ArrayPool<byte>.Shared.Return(buffer);
        CryptographicOperations.ZeroMemory(p);
        return a;
    }

    private static void Put(byte[] buffer, ref int length, byte[] part)
    {
        part.CopyTo(buffer, length);
        length += part.Length;
    }

    private static void AppendRepeated(IncrementalHash hash, byte[] block, int length)
    {
        for (; length > block.Length; length -= block.Length) hash.AppendData(block);
        hash.AppendData(block.AsSpan(0, length));
    }

    private static byte[] Repeat(byte[] block, int length)
    {
        var result = new byte[length];
        for (var i = 0; i < length; i++) result[i] = block[i % block.Length];
        return result;
    }

    // The order of bytes is part of SHA-crypt: each group of three, least significant six bits first.
    private static void Encode(byte[] digest, Span<byte> text)
    {
        var at = 0;
        for (int i = 0, j = 10, k = 20; i < 10; i++)
        {
            var (x, y, z) = (i % 3) switch { 0 => (i, j, k), 1 => (k, i, j), _ => (j, k, i) };
            at = EncodeGroup(text, at, digest[x] << 16 | digest[y] << 8 | digest[z], 4);
            j++;
            k++;
        }
        EncodeGroup(text, at, digest[31] << 8 | digest[30], 3);
    }

    private static int EncodeGroup(Span<byte> text, int at, int bits, int characters)
    {
        for (; characters > 0; characters--, bits >>= 6) text[at++] = (byte)Alphabet[bits & 63];
        return at;
    }
}
