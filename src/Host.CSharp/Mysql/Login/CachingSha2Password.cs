using System.Security.Cryptography;

namespace Serverless.Host.Mysql;

/// <summary>
/// caching_sha2_password. The server stores a salted, slow hash; it also keeps SHA256(SHA256(password)) in memory after a full authentication, and
/// with it can check a token ("fast"): SHA256(password) XOR SHA256(SHA256(SHA256(password)) + nonce). Full authentication needs the password itself, over a secure
/// transport in the clear, otherwise encrypted with the server's RSA key.
/// Source: MySQL Source Code Documentation, "Caching_sha2_password information".
/// </summary>
public static class CachingSha2Password
{
    public const int HashLength = 32;

    /// <summary>In AuthMoreData: the fast way was enough, OK follows.</summary>
    public const byte FastAuthOk = 3;

    /// <summary>In AuthMoreData: send the password.</summary>
    public const byte FullAuthNeeded = 4;

    /// <summary>The client's packet that asks for the RSA key.</summary>
    public const byte RequestPublicKey = 2;

    /// <summary>The token for a password; empty for an empty one.</summary>
    public static byte[] Token(ReadOnlySpan<byte> password, ReadOnlySpan<byte> nonce) =>
        password.IsEmpty ? [] : TokenFromStage1(SHA256.HashData(password), nonce);

    /// <param name="stage1">SHA256(password)</param>
    public static byte[] TokenFromStage1(ReadOnlySpan<byte> stage1, ReadOnlySpan<byte> nonce)
    {
        var token = Mask(SHA256.HashData(stage1), nonce);
        Xor(token, stage1);
        return token;
    }

    /// <summary>SHA256(SHA256(password)): what fast authentication is checked against.</summary>
    public static byte[] FastDigest(ReadOnlySpan<byte> password) => SHA256.HashData(SHA256.HashData(password));

    /// <summary>Checks a token the fast way.</summary>
    /// <param name="fastDigest">See <see cref="FastDigest"/>.</param>
    public static bool VerifyFast(ReadOnlySpan<byte> token, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> fastDigest)
    {
        if (token.Length != HashLength || fastDigest.Length != HashLength) return false;
        var candidate = Mask(fastDigest, nonce);
        Xor(candidate, token);
        return CryptographicOperations.FixedTimeEquals(SHA256.HashData(candidate), fastDigest);
    }

    /// <summary>Encrypts a password for a server's RSA key, as a client without a secure transport does.</summary>
    /// <param name="publicKey">PEM, as the server sends it.</param>
    /// <exception cref="CryptographicException">The key is none.</exception>
    public static byte[] Encrypt(ReadOnlySpan<byte> password, ReadOnlySpan<byte> nonce, ReadOnlySpan<char> publicKey)
    {
        using var rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(publicKey);
        }
        catch (ArgumentException notPem)
        {
            throw new CryptographicException("The server's public key is not PEM.", notPem);
        }
        return rsa.Encrypt(Veil([.. password, 0], nonce), RSAEncryptionPadding.OaepSHA1);
    }

    /// <summary>A password and its zero byte, with the nonce laid over it again and again; the same takes it off.</summary>
    internal static byte[] Veil(byte[] passwordAndZero, ReadOnlySpan<byte> nonce)
    {
        for (var i = 0; i < passwordAndZero.Length; i++) passwordAndZero[i] ^= nonce[i % nonce.Length];
        return passwordAndZero;
    }

    private static byte[] Mask(ReadOnlySpan<byte> fastDigest, ReadOnlySpan<byte> nonce) => SHA256.HashData([.. fastDigest, .. nonce]);

    private static void Xor(Span<byte> target, ReadOnlySpan<byte> other)
    {
        for (var i = 0; i < target.Length; i++) target[i] ^= other[i];
    }
}
