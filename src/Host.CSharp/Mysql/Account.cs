namespace Serverless.Host.Mysql;

/// <summary>One account as the engine stores it, enough to authenticate a client without the engine.</summary>
/// <param name="User">User name; empty for an anonymous account.</param>
/// <param name="Host">Host pattern as stored (`%`, `localhost`, `10.0.0.%`, `10.0.0.0/255.0.0.0`, …).</param>
/// <param name="Plugin">Authentication plugin name as stored, e.g. `mysql_native_password`, `caching_sha2_password`, `ed25519`, `unix_socket`.</param>
/// <param name="AuthenticationString">The stored hash as the engine prints it (`*HEX` for native, `$A$005$…` for sha2), raw bytes as Latin-1.</param>
/// <param name="Locked">The account is locked.</param>
/// <param name="PasswordExpired">The password is expired.</param>
/// <param name="RequiresTls">REQUIRE SSL or stricter.</param>
/// <param name="RequiresCertificate">Stricter: REQUIRE X509, ISSUER, SUBJECT or CIPHER, which look at the client's own TLS connection.</param>
public sealed record Account(
    string User, string Host, string Plugin, string AuthenticationString, bool Locked, bool PasswordExpired, bool RequiresTls, bool RequiresCertificate = false)
{
    // Without the hash: this is what a log would show.
    public override string ToString() => $"{User}@{Host}";
}

/// <summary>
/// All accounts of one engine at one instant, in an order that does not depend on the engine's mood: hosts from the end of the alphabet, which is how MariaDB
/// decides between two that are equally specific. Sorting by specificity is part of matching.
/// </summary>
/// <param name="ReadAt">When they were read, UTC.</param>
public sealed record AccountSnapshot(DateTimeOffset ReadAt, IReadOnlyList<Account> Accounts)
{
    public static AccountSnapshot Empty { get; } = new(DateTimeOffset.UnixEpoch, []);
}
