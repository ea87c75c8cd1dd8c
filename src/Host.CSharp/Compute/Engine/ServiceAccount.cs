using System.Buffers.Text;
using System.Security.Cryptography;

namespace Serverless.Host.Compute.Engine;

/// <summary>
/// The account that the gateway itself uses on an engine. It matches on the engine's own socket only, its password is random and known to nobody
/// else, and it never appears in an account snapshot, so no client can log in as it.
/// </summary>
internal static class ServiceAccount
{
    public const string User = "serverless_gateway";

    private const string Account = $"'{User}'@'localhost'";

    /// <summary>192 random bits in letters that need no quoting.</summary>
    public static string NewPassword() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));

    /// <summary>Makes the account, or mends it. One statement a line, as the engines' `--init-file` wants them.</summary>
    public static IReadOnlyList<string> Statements(string password) =>
    [
        "SET SESSION sql_log_bin = 0;",
        $"CREATE USER IF NOT EXISTS {Account};",
        $"ALTER USER {Account} IDENTIFIED BY {SqlText.Quote(password)} ACCOUNT UNLOCK;",
        $"GRANT ALL PRIVILEGES ON *.* TO {Account} WITH GRANT OPTION;",
    ];
}
