using System.Security.Cryptography;
using System.Text;

namespace Serverless.Host.Mysql;

/// <summary>What proves an account to an engine: the password itself, or what was recovered from a client's own native-password login.</summary>
public sealed class LoginSecret
{
    private readonly byte[]? _password;
    private readonly byte[]? _nativeStage1;

    private LoginSecret(byte[]? password, byte[]? nativeStage1)
    {
        _password = password;
        _nativeStage1 = nativeStage1;
    }

    /// <summary>No password.</summary>
    public static LoginSecret Empty { get; } = new([], nativeStage1: null);

    public static LoginSecret FromPassword(string password) => FromPassword(Encoding.UTF8.GetBytes(password));

    public static LoginSecret FromPassword(ReadOnlySpan<byte> password) => new(password.ToArray(), nativeStage1: null);

    /// <param name="stage1">SHA1(password), from <see cref="NativePassword.TryVerify"/>.</param>
    public static LoginSecret FromNativeStage1(ReadOnlySpan<byte> stage1) => new(password: null, stage1.ToArray());

    /// <summary>Whether a caching_sha2_password token was made with this password; false when the password is not known.</summary>
    internal bool FitsToken(ReadOnlySpan<byte> token, ReadOnlySpan<byte> nonce) =>
        _password is not null && CachingSha2Password.VerifyFast(token, nonce, CachingSha2Password.FastDigest(_password));

    /// <summary>Whether it is this password; false when the password is not known.</summary>
    internal bool Is(ReadOnlySpan<byte> password) => _password is not null && CryptographicOperations.FixedTimeEquals(_password, password);

    /// <summary>Overwrites it with zeros; it is of no use any more.</summary>
    internal void Wipe()
    {
        CryptographicOperations.ZeroMemory(_password);
        CryptographicOperations.ZeroMemory(_nativeStage1);
    }

    /// <summary>The token for a plugin and nonce; null when this secret cannot make one.</summary>
    internal byte[]? Token(string plugin, ReadOnlySpan<byte> nonce) => plugin switch
    {
        _ when _password is { Length: 0 } => [],
        AuthPlugins.NativePassword when _nativeStage1 is not null => NativePassword.TokenFromStage1(_nativeStage1, nonce),
        AuthPlugins.NativePassword when _password is not null => NativePassword.Token(_password, nonce),
        AuthPlugins.CachingSha2 when _password is not null => CachingSha2Password.Token(_password, nonce),
        _ => null,
    };

    /// <summary>The password with a zero byte, for a secure transport; null when it is not known.</summary>
    internal byte[]? InTheClear() => _password is null ? null : [.. _password, 0];

    /// <summary>The password for the server's RSA key; null when it is not known.</summary>
    /// <exception cref="CryptographicException">The key is none.</exception>
    internal byte[]? Encrypted(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> publicKey) =>
        _password is null ? null : CachingSha2Password.Encrypt(_password, nonce, Encoding.Latin1.GetString(publicKey));
}
