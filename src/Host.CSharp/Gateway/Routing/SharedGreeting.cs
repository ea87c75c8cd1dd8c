using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Routing;

/// <summary>
/// What a client is greeted with before it has said which database it means: the engine of the default database, with no capability that another one's
/// engine has not, since client and engine must agree on how packets are framed.
/// </summary>
/// <param name="Profile">Of the engine that is shown.</param>
/// <param name="Version">Version to show.</param>
internal readonly record struct SharedGreeting(ServerProfile Profile, string Version, Capabilities Offered)
{
    private const Capabilities Extended = (Capabilities)(0xffff_ffffUL << 32);

    /// <param name="version">Version to show in the place of the engine's; null: the engine's.</param>
    /// <returns>Null: no engine has run yet, so nothing can be said truthfully.</returns>
    public static SharedGreeting? Of(ListenerRoutes routes, string? version, bool withTls)
    {
        var shown = routes.Default?.Authenticator.Database.Profile;
        var offered = (Capabilities)ulong.MaxValue;
        var anyMySql = false;
        foreach (var route in routes.All)
        {
            if (route.Authenticator.Database.Profile is not { } profile) continue;
            shown ??= profile;
            offered &= OfferedCapabilities.Of(profile, withTls);
            anyMySql |= profile.Family == ServerFamily.MySql;
        }
        if (shown is null) return null;
        // Where this flag is off the upper half is MariaDB's, which not all of them have.
        if (anyMySql) offered = (offered & ~Extended) | Capabilities.LongPassword;
        return new SharedGreeting(shown, version ?? shown.Version, offered);
    }

    public HandshakeV10 Packet(uint connectionId, byte[] nonce)
    {
        var plugin = SupportedPlugins.Has(Profile.DefaultAuthPlugin) ? Profile.DefaultAuthPlugin : AuthPlugins.NativePassword;
        return new HandshakeV10(Version, connectionId, nonce, Offered, Profile.DefaultCollationId, ServerStatus.AutoCommit, plugin);
    }
}
