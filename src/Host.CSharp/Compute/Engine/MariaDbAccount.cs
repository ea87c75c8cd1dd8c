using System.Text.Json;
using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Engine;

/// <summary>An account as MariaDB stores it: JSON in mysql.global_priv (MariaDB knowledge base, "mysql.global_priv Table").</summary>
internal static class MariaDbAccount
{
    private const string NativePassword = "mysql_native_password";

    /// <summary>ssl_type of REQUIRE SSL; beyond it come X509 and what is specified more closely.</summary>
    private const long AnyTls = 1;

    /// <summary>Of several ways to log in (`IDENTIFIED VIA a OR b`), those that work without the engine, best first.</summary>
    private static readonly string[] s_preferred = [NativePassword, "caching_sha2_password", "ed25519"];

    /// <returns>Null: a role, or nothing that can be read.</returns>
    /// <param name="defaultLifetimeDays">The engine's default_password_lifetime; 0: passwords do not age.</param>
    public static Account? Parse(string user, string host, string json, DateTimeOffset now, int defaultLifetimeDays)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || Flag(root, "is_role")) return null;
            var (plugin, secret) = Choose(root);
            return new Account(user, host, plugin, secret, Flag(root, "account_locked"), IsExpired(root, now, defaultLifetimeDays), RequiresTls: Number(root, "ssl_type") > 0, RequiresCertificate: Number(root, "ssl_type") > AnyTls);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static (string Plugin, string Secret) Choose(JsonElement root)
    {
        var own = (Text(root, "plugin") is { Length: > 0 } plugin ? plugin : NativePassword, Text(root, "authentication_string") ?? "");
        if (!root.TryGetProperty("auth_or", out var either) || either.ValueKind != JsonValueKind.Array) return own;
        // The empty object stands for the account's own plugin.
        var ways = either.EnumerateArray().Where(way => way.ValueKind == JsonValueKind.Object)
            .Select(way => Text(way, "plugin") is { Length: > 0 } other ? (other, Text(way, "authentication_string") ?? "") : own).ToArray();
        foreach (var preferred in s_preferred)
        {
            foreach (var way in ways)
            {
                if (way.Item1 == preferred) return way;
            }
        }
        return ways.Length > 0 ? ways[0] : own;
    }

    private static bool IsExpired(JsonElement root, DateTimeOffset now, int defaultLifetimeDays)
    {
        if (Number(root, "password_last_changed") is not { } changed) return false;
        if (changed == 0) return true;
        var days = Number(root, "password_lifetime") is { } own and >= 0 ? own : defaultLifetimeDays;
        return days > 0 && now.ToUnixTimeSeconds() > changed + (days * 86_400);
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : null;

    private static bool Flag(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;
}
