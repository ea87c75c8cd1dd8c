using System.Security.Cryptography;

namespace Serverless.Host.Mysql;

/// <summary>
/// mysql_native_password. The server stores SHA1(SHA1(password)); the client sends SHA1(password) XOR SHA1(nonce + stored). Whoever knows what is
/// stored and sees one valid token learns SHA1(password) ("stage 1"), which is all that is needed to log in elsewhere.
/// Source: MySQL Source Code Documentation, "Native Authentication".
/// </summary>
public static class NativePassword
{
    public const int HashLength = 20;

    public static byte[] Stage1(ReadOnlySpan<byte> password) => SHA1.HashData(password);

    /// <summary>The token for a password; empty for an empty one.</summary>
    public static byte[] Token(ReadOnlySpan<byte> password, ReadOnlySpan<byte> nonce) =>
        password.IsEmpty ? [] : TokenFromStage1(Stage1(password), nonce);

    public static byte[] TokenFromStage1(ReadOnlySpan<byte> stage1, ReadOnlySpan<byte> nonce)
    {
        var token = Mask(SHA1.HashData(stage1), nonce);
        Xor(token, stage1);
        return token;
    }

    /// <summary>
    /// Checks a client's token against what is stored, and recovers stage 1 from it when it is right. Takes the same time whether it is right or not.
    /// </summary>
    /// <param name="stored">SHA1(SHA1(password)), 20 bytes; see <see cref="TryParseStored"/>.</param>
    public static bool TryVerify(ReadOnlySpan<byte> token, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> stored, out byte[] stage1)
    {
        stage1 = [];
        if (token.Length != HashLength || stored.Length != HashLength) return false;
        var candidate = Mask(stored, nonce);
        Xor(candidate, token);
        if (!CryptographicOperations.FixedTimeEquals(SHA1.HashData(candidate), stored)) return false;
        stage1 = candidate;
        return true;
    }

    /// <summary>Reads the form in which accounts have it: `*` and 40 hexadecimal digits.</summary>
    public static bool TryParseStored(string authenticationString, out byte[] stored)
    {
        stored = new byte[HashLength];
        return authenticationString.Length == 1 + (2 * HashLength) && authenticationString[0] == '*'
            && Convert.FromHexString(authenticationString.AsSpan(1), stored, out _, out _) == System.Buffers.OperationStatus.Done;
    }

    private static byte[] Mask(ReadOnlySpan<byte> stored, ReadOnlySpan<byte> nonce) => SHA1.HashData([.. nonce, .. stored]);

    private static void Xor(Span<byte> target, ReadOnlySpan<byte> other)
    {
        for (var i = 0; i < target.Length; i++) target[i] ^= other[i];
    }
}
