using System.Security.Cryptography;

namespace Serverless.Host.Mysql;

/// <summary>
/// The SHA-256 variant of SHA-crypt. Source: U. Drepper, "Unix crypt using SHA-256 and SHA-512", steps as numbered there. Unlike crypt(3) it takes
/// salts of any length.
/// </summary>
internal static class Sha256Crypt
{
    private const int Size = 32;

    private static ReadOnlySpan<byte> Alphabet => "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8;

    private static ReadOnlySpan<byte> Order =>
        [0, 10, 20, 21, 1, 11, 12, 22, 2, 3, 13, 23, 24, 4, 14, 15, 25, 5, 6, 16, 26, 27, 7, 17, 18, 28, 8, 9, 19, 29];

    /// <summary>The digest as 43 characters.</summary>
    public static byte[] Digest(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int rounds)
    {
        var digest = First(password, salt); // steps 1 to 12
        var p = Repeat(SHA256.HashData(Times(password, password.Length)), password.Length); // 13 to 16
        var s = Repeat(SHA256.HashData(Times(salt, 16 + digest[0])), salt.Length); // 17 to 20
        Span<byte> input = new byte[Size + s.Length + (2 * p.Length)];
        for (var round = 0; round < rounds; round++) // 21
        {
            var length = 0;
            Put((round & 1) != 0 ? p : digest, input, ref length);
            if (round % 3 != 0) Put(s, input, ref length);
            if (round % 7 != 0) Put(p, input, ref length);
            Put((round & 1) != 0 ? digest : p, input, ref length);
            SHA256.HashData(input[..length], digest);
        }
        CryptographicOperations.ZeroMemory(input);
        return Encode(digest);
    }

    private static byte[] First(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt)
    {
        var alternate = SHA256.HashData([.. password, .. salt, .. password]);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(password);
        hash.AppendData(salt);
        hash.AppendData(Repeat(alternate, password.Length));
        for (var bits = password.Length; bits > 0; bits >>= 1) hash.AppendData((bits & 1) != 0 ? alternate : password);
        return hash.GetHashAndReset();
    }

    private static byte[] Times(ReadOnlySpan<byte> bytes, int count)
    {
        var result = new byte[bytes.Length * count];
        for (var i = 0; i < count; i++) bytes.CopyTo(result.AsSpan(i * bytes.Length));
        return result;
    }

    private static byte[] Repeat(byte[] bytes, int length)
    {
        var result = new byte[length];
        for (var i = 0; i < length; i++) result[i] = bytes[i % bytes.Length];
        return result;
    }

    private static void Put(byte[] bytes, Span<byte> target, ref int length)
    {
        bytes.CopyTo(target[length..]);
        length += bytes.Length;
    }

    /// <summary>Step 22: groups of three bytes, in an order of their own, as four characters of six bits each, lowest first.</summary>
    private static byte[] Encode(byte[] digest)
    {
        var text = new byte[43];
        var length = 0;
        for (var i = 0; i < Order.Length; i += 3)
            Group(digest[Order[i]], digest[Order[i + 1]], digest[Order[i + 2]], 4, text, ref length);
        Group(0, digest[31], digest[30], 3, text, ref length);
        return text;
    }

    private static void Group(byte high, byte middle, byte low, int characters, byte[] text, ref int length)
    {
        for (var bits = (high << 16) | (middle << 8) | low; characters > 0; characters--, bits >>= 6) text[length++] = Alphabet[bits & 0x3f];
    }
}
