using System.Security.Cryptography;
using System.Text;

namespace Serverless.Host.Mysql;

/// <summary>
/// The RSA key that clients without TLS encrypt their caching_sha2 password with. Lives in memory only; safe to use from several threads, but not
/// on a loop: making one takes tenths of a second and a decryption about a millisecond.
/// </summary>
public sealed class RsaKeyPair : IDisposable
{
    private readonly RSA _rsa;
    private readonly Lock _lock = new();

    public RsaKeyPair()
    {
        _rsa = RSA.Create(2048);
        PublicKeyPem = Encoding.ASCII.GetBytes(_rsa.ExportSubjectPublicKeyInfoPem() + "\n");
    }

    /// <summary>As it is sent to a client.</summary>
    public ReadOnlyMemory<byte> PublicKeyPem { get; }

    /// <summary>Decrypts what a client sent; false when it is not a password encrypted with this key and nonce.</summary>
    public bool TryDecrypt(ReadOnlySpan<byte> encrypted, ReadOnlySpan<byte> nonce, out byte[] password)
    {
        password = [];
        byte[] plain;
        try
        {
            lock (_lock) plain = _rsa.Decrypt(encrypted, RSAEncryptionPadding.OaepSHA1);
        }
        catch (CryptographicException)
        {
            return false;
        }
        CachingSha2Password.Veil(plain, nonce);
        if (plain.Length == 0 || plain[^1] != 0) return false;
        password = plain[..^1];
        CryptographicOperations.ZeroMemory(plain);
        return true;
    }

    public void Dispose() => _rsa.Dispose();
}
