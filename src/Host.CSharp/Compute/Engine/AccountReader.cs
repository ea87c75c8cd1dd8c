using System.Globalization;
using System.Text;
using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Engine;

/// <summary>Reads the accounts of an engine, without roles and without the gateway's own.</summary>
internal static class AccountReader
{
    /// <param name="own">User that is the gateway's alone, whatever its host: no client logs in as it.</param>
    /// <exception cref="EngineSqlException">The engine does not answer.</exception>
    public static async Task<AccountSnapshot> ReadAsync(
        IEngineSql sql, ServerFamily family, TimeProvider time, CancellationToken cancellation, string own = ServiceAccount.User)
    {
        var readAt = time.GetUtcNow();
        var accounts = family == ServerFamily.MariaDb ? await ReadMariaDbAsync(sql, readAt, cancellation) : await ReadMySqlAsync(sql, cancellation);
        // Whoever matches sorts by specificity; between equally specific hosts MariaDB takes the one that is last in the alphabet.
        return new AccountSnapshot(
            readAt,
            [.. accounts.Where(account => account.User != own).OrderByDescending(account => account.Host, StringComparer.Ordinal).ThenBy(account => account.User, StringComparer.Ordinal)]);
    }

    private static async Task<IReadOnlyList<Account>> ReadMariaDbAsync(IEngineSql sql, DateTimeOffset now, CancellationToken cancellation)
    {
        var lifetime = (await sql.QueryAsync("SELECT @@GLOBAL.default_password_lifetime", cancellation)).Scalar;
        var defaultDays = int.TryParse(lifetime, NumberStyles.None, CultureInfo.InvariantCulture, out var days) ? days : 0;
        var rows = await sql.QueryAsync("SELECT User, Host, Priv FROM mysql.global_priv", cancellation);
        return [.. rows.All().Select(row => MariaDbAccount.Parse(row["User"] ?? "", row["Host"] ?? "", row["Priv"] ?? "{}", now, defaultDays)).OfType<Account>()];
    }

    private static async Task<IReadOnlyList<Account>> ReadMySqlAsync(IEngineSql sql, CancellationToken cancellation)
    {
        // The salt of a caching_sha2_password hash is raw bytes, which no character set of the connection carries.
        var rows = await sql.QueryAsync(
            "SELECT User, Host, plugin, HEX(authentication_string) AS secret, account_locked = 'Y' AS locked, ssl_type <> '' AS tls, ssl_type NOT IN ('', 'ANY') AS certificate, " +
            "password_expired = 'Y' OR (COALESCE(password_lifetime, @@GLOBAL.default_password_lifetime) > 0 AND " +
            "password_last_changed + INTERVAL COALESCE(password_lifetime, @@GLOBAL.default_password_lifetime) DAY < NOW()) AS expired FROM mysql.user", cancellation);
        return
        [
            .. rows.All().Select(row => new Account(
                row["User"] ?? "", row["Host"] ?? "", row["plugin"] ?? "", Encoding.Latin1.GetString(Convert.FromHexString(row["secret"] ?? "")),
                Locked: row["locked"] == "1", PasswordExpired: row["expired"] == "1", RequiresTls: row["tls"] == "1", RequiresCertificate: row["certificate"] == "1")),
        ];
    }
}
