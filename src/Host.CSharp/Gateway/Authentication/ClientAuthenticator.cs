using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>
/// Decides whether a client is who it says, from what is remembered of the accounts: the engine need not run. Nobody gets in here whom the
/// engine would not let in, and from the outside an unknown user looks like a wrong password.
/// </summary>
public sealed partial class ClientAuthenticator(LoginDatabase database, LoginServices services, ILogger logger)
{
    private const int LongestLoggedUser = 64;
    private const int LongestLoggedReason = 512;

    private readonly CachingSha2Login _sha2 = new(services.Key, services.Work);

    // What an unknown user is checked against: random, so no password fits.
    private readonly string _unknownNative = $"*{RandomNumberGenerator.GetHexString(40)}";
    private readonly string _unknownSha2 = RandomNumberGenerator.GetHexString(StoredSha2Password.SaltLength + StoredSha2Password.DigestLength);

    internal LoginDatabase Database { get; } = database;

    internal LoginServices Services { get; } = services;

    /// <summary>The engine looks up names of addresses, as far as is known.</summary>
    internal bool EngineResolvesNames => Database.Profile is { } profile && ResolvesNames(profile);

    /// <summary>The engine takes no client without TLS over a network, as far as is known.</summary>
    internal bool EngineRequiresSecureTransport => Database.Profile is { } profile && IsOn(profile, "require_secure_transport");

    /// <summary>
    /// The account and its secret, or null when the client was refused; then it has been told why. A client that is accepted has been told
    /// nothing yet.
    /// </summary>
    /// <exception cref="IOException">The client broke off or sent nonsense.</exception>
    internal async ValueTask<SecretLease?> AuthenticateAsync(PacketChannel channel, LoginRequest request, ServerProfile profile, LoginDeadline deadline)
    {
        var host = ClientHost.Of(request.Address, ResolvesNames(profile));
        var refusedFor = Services.Failures.RefusedFor(request.Address);
        if (refusedFor > TimeSpan.Zero)
        {
            Services.Counters.CountRefused();
            LogBlocked(Database.Name, host.Display);
            return await RefuseAsync(channel, LoginRefusal.Blocked(host, refusedFor));
        }
        using (deadline.Pause()) await Database.ChangesAreKnownAsync();
        // What decides about logins may have changed with the accounts since the greeting.
        profile = Database.Profile ?? profile;
        var known = Database.Accounts.Find(request.User, host);
        var account = known ?? Unknown(request.User, profile);
        var plugin = SupportedPlugins.NameOf(account.Plugin);
        if (!SupportedPlugins.Has(plugin)) return await RefuseAsync(channel, LoginRefusal.UnsupportedPlugin(account));
        if (!request.IsAnsweredBy(plugin) && !request.Capabilities.HasFlag(Capabilities.PluginAuth)) return await RefuseAsync(channel, LoginRefusal.ClientCannot(plugin));

        var exchange = new ClientExchange(channel, request, deadline);
        var proof = plugin == AuthPlugins.NativePassword
            ? await NativeLogin.ProveAsync(exchange, account, Database.Secrets)
            : await _sha2.ProveAsync(exchange, account, Database.Secrets);
        if (proof.Secret is not { } secret) return await DenyAsync(exchange, host, proof.UsedPassword);
        if (Objection(account, request, profile, channel.Transport.IsSecure, host) is not { } objection) return secret;
        secret.Dispose();
        LogRefused(Database.Name, account, LogText.Printable(objection.Message, LongestLoggedReason));
        return await RefuseAsync(channel, objection);
    }

    /// <summary>What stands against an account whose password was right, in the order the engines look; null for nothing.</summary>
    private static ErrPacket? Objection(Account account, LoginRequest request, ServerProfile profile, bool isSecure, ClientHost host)
    {
        // A Unix socket is secure, and still not TLS: the engines tell them apart here too.
        if (account.RequiresTls && !(isSecure && request.Address is not null)) return LoginRefusal.TlsRequired(request.User, host);
        if (account.RequiresCertificate) return LoginRefusal.CertificateRequired(account);
        if (account.Locked) return LoginRefusal.Locked(profile.Family, request.User, host);
        var letsExpiredIn = request.Capabilities.HasFlag(Capabilities.CanHandleExpiredPasswords) || !IsOn(profile, "disconnect_on_expired_password");
        return account.PasswordExpired && !letsExpiredIn ? LoginRefusal.Expired() : null;
    }

    private async ValueTask<SecretLease?> DenyAsync(ClientExchange exchange, ClientHost host, bool usedPassword)
    {
        NoteDenied(exchange.Request.GivenUser, host);
        await Services.DelayFailureAsync(exchange.Channel.Loop, exchange.Request.Address, exchange.Request.User, exchange.Deadline);
        return await RefuseAsync(exchange.Channel, LoginRefusal.AccessDenied(exchange.Request.GivenUser, host, usedPassword));
    }

    private static async ValueTask<SecretLease?> RefuseAsync(PacketChannel channel, ErrPacket error)
    {
        channel.Append(error);
        await channel.FlushAsync();
        return null;
    }

    /// <summary>A stand-in for a user that is not there, so that the answer and the work are those of a wrong password.</summary>
    private Account Unknown(string user, ServerProfile profile)
    {
        var plugin = SupportedPlugins.Has(profile.DefaultAuthPlugin) ? profile.DefaultAuthPlugin : AuthPlugins.NativePassword;
        var stored = plugin == AuthPlugins.NativePassword ? _unknownNative : Database.Accounts.Sha2Prefix + _unknownSha2;
        return new Account(user, "", plugin, stored, Locked: false, PasswordExpired: false, RequiresTls: false);
    }

    private void NoteDenied(string user, ClientHost host)
    {
        if (!logger.IsEnabled(LogLevel.Information)) return;
        var printable = LogText.Printable(user, LongestLoggedUser);
        LogDenied(Database.Name, printable, host.Display);
    }

    private static bool ResolvesNames(ServerProfile profile) => !IsOn(profile, "skip_name_resolve");

    private static bool IsOn(ServerProfile profile, string variable) =>
        profile.Variables.TryGetValue(variable, out var value) && value is "ON" or "1";

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: access denied for '{User}'@'{Host}'")]
    private partial void LogDenied(string database, string user, string host);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: {Account} refused: {Reason}")]
    private partial void LogRefused(string database, Account account, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Database}: {Host} is refused for a while after many failed logins")]
    private partial void LogBlocked(string database, string host);
}
