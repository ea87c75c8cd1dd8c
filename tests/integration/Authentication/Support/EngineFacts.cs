using System.Text;
using System.Text.Json;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Tests.Integration.Authentication.Support;

/// <summary>What a running server says of itself and its accounts, as the tests need it.</summary>
internal sealed record EngineFacts(AccountSnapshot Accounts, ServerProfile Profile)
{
    public static async Task<EngineFacts> ReadAsync(EventLoop loop, string socket)
    {
        await using var root = await EngineClient.ConnectAsync(loop, new EngineLogin(new BackendAddress(socket, null, false), "root", LoginSecret.Empty), default);
        var greeting = root.Login.Greeting;
        var family = greeting.ServerVersion.Contains("MariaDB", StringComparison.Ordinal) ? ServerFamily.MariaDb : ServerFamily.MySql;
        var variables = (await root.QueryAsync("SHOW SESSION VARIABLES", default)).Rows.ToDictionary(row => row[0]!.ToLowerInvariant(), row => row[1] ?? "", StringComparer.Ordinal);
        var profile = new ServerProfile(
            family, greeting.ServerVersion, (ulong)greeting.Capabilities, greeting.CollationId, greeting.AuthPlugin!, variables, new Dictionary<string, CollationInfo>());
        var accounts = family == ServerFamily.MariaDb
            ? (await root.QueryAsync("SELECT User, Host, Priv FROM mysql.global_priv", default)).Rows.Select(row => OfMariaDb(row[0]!, row[1]!, row[2]!))
            : (await root.QueryAsync(
                "SELECT User, Host, plugin, HEX(authentication_string), account_locked, password_expired, ssl_type <> '' FROM mysql.user", default))
                .Rows.Select(row => new Account(row[0]!, row[1]!, row[2]!, Encoding.Latin1.GetString(Convert.FromHexString(row[3]!)), row[4] == "Y", row[5] == "Y", row[6] == "1"));
        return new EngineFacts(new AccountSnapshot(DateTimeOffset.UtcNow, [.. accounts]), profile);
    }

    private static Account OfMariaDb(string user, string host, string json)
    {
        var root = JsonDocument.Parse(json).RootElement;
        string Text(string name) => root.TryGetProperty(name, out var value) ? value.GetString()! : "";
        return new Account(
            user, host, Text("plugin"), Text("authentication_string"),
            Locked: root.TryGetProperty("account_locked", out var locked) && locked.GetBoolean(),
            PasswordExpired: root.TryGetProperty("password_last_changed", out var changed) && changed.GetInt64() == 0,
            RequiresTls: root.TryGetProperty("ssl_type", out var tls) && tls.GetInt32() > 0);
    }
}
