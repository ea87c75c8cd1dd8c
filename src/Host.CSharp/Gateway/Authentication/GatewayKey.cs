using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>
/// The gateway's RSA key, to which clients without TLS encrypt the password of a `caching_sha2_password` account. Made on first start and
/// kept (0600), since clients may have its public half configured. See "Caching SHA-2 Pluggable Authentication" in the MySQL manual.
/// </summary>
public sealed partial class GatewayKey : IDisposable
{
    private const int Bits = 2048;

    private readonly RSA _key;
    private readonly Lock _gate = new();

    private GatewayKey(RSA key)
    {
        _key = key;
        PublicPem = Encoding.ASCII.GetBytes(key.ExportSubjectPublicKeyInfoPem() + "\n");
    }

    /// <summary>What a client that asks for the public key is sent.</summary>
    public ReadOnlyMemory<byte> PublicPem { get; }

    /// <summary>Length of what <see cref="TryDecrypt"/> takes, in bytes.</summary>
    public int CipherLength => _key.KeySize / 8;

    /// <summary>Reads the key, or makes one where there is none. One that cannot be read is replaced, with a warning.</summary>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be read or written.</exception>
    public static GatewayKey LoadOrCreate(string path, ILogger logger)
    {
        var key = RSA.Create();
        try
        {
            if (File.Exists(path))
            {
                try
                {
                    key.ImportFromPem(File.ReadAllText(path));
                    return new GatewayKey(key);
                }
                catch (Exception failure) when (failure is CryptographicException or ArgumentException)
                {
                    LogReplaced(logger, path, failure.Message);
                }
            }
            key.KeySize = Bits;
            PrivateFile.Replace(path, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
            return new GatewayKey(key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>Decrypts what a client sent (RSA-OAEP with SHA-1, as the clients do). Null when it was not encrypted to this key. Costs about a millisecond.</summary>
    public byte[]? TryDecrypt(ReadOnlySpan<byte> cipher)
    {
        if (cipher.Length != CipherLength) return null;
        try
        {
            lock (_gate) return _key.Decrypt(cipher, RSAEncryptionPadding.OaepSHA1);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    public void Dispose() => _key.Dispose();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The key in {Path} cannot be read ({Reason}) and is replaced by a new one; clients that have the old public key configured need the new one.")]
    private static partial void LogReplaced(ILogger logger, string path, string reason);
}
