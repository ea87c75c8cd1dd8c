using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Serverless.Host.Mysql;

/// <summary>
/// What caching_sha2_password accounts store: `$A$`, the rounds in thousands as three hexadecimal digits, `$`, 20 bytes of salt (any but zero), and 43 characters of digest.
/// Source: MySQL Server, sha2_password_common and "SHA-crypt" (U. Drepper, "Unix crypt using SHA-256 and SHA-512").
/// </summary>
public sealed class StoredSha2Password
{
    internal const int SaltLength = 20;
    internal const int DigestLength = 43;
    internal const int PrefixLength = 7;

    /// <summary>Five thousand rounds, MySQL 8's default; MySQL 9 writes `$A$00A$`.</summary>
    internal const string DefaultPrefix = "$A$005$";

    private const int MaxPasswordLength = 256;

    private readonly int _rounds;
    private readonly byte[] _salt;
    private readonly byte[] _digest;

    private StoredSha2Password(int rounds, byte[] salt, byte[] digest)
    {
        _rounds = rounds;
        _salt = salt;
        _digest = digest;
    }

    /// <summary>A value of the right form that no password fits, so that unknown users cost the same work.</summary>
    public static StoredSha2Password Impossible { get; } = new(5000, RandomNumberGenerator.GetBytes(SaltLength), new byte[DigestLength]);

    /// <summary>Reads an account's authentication string (bytes as Latin-1).</summary>
    public static bool TryParse(string authenticationString, out StoredSha2Password stored)
    {
        stored = Impossible;
        var text = authenticationString;
        if (text.Length != PrefixLength + SaltLength + DigestLength || !text.StartsWith("$A$", StringComparison.Ordinal) || text[6] != '$') return false;
        if (!int.TryParse(text.AsSpan(3, 3), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var thousands) || thousands == 0) return false;
        var salt = Encoding.Latin1.GetBytes(text, PrefixLength, SaltLength);
        var digest = Encoding.Latin1.GetBytes(text, PrefixLength + SaltLength, DigestLength);
        stored = new StoredSha2Password(thousands * 1000, salt, digest);
        return true;
    }

    /// <summary>Whether the password is the right one. Takes some milliseconds (by intention): not on a loop.</summary>
    public bool Verify(ReadOnlySpan<byte> password) =>
        password.Length <= MaxPasswordLength
        && CryptographicOperations.FixedTimeEquals(Sha256Crypt.Digest(password, _salt, _rounds), _digest);
}
