using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>The authentication plugins whose accounts can log in through the gateway.</summary>
internal static class SupportedPlugins
{
    public static bool Has(string? plugin) => plugin is AuthPlugins.NativePassword or AuthPlugins.CachingSha2;

    /// <summary>MariaDB stores an empty name for the oldest accounts.</summary>
    public static string NameOf(string stored) => stored.Length == 0 ? AuthPlugins.NativePassword : stored;
}
