using System.Net;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>The errors a login can end with, in the words of the engine's family.</summary>
internal static class LoginRefusal
{
    // As the engines cut it: a client chooses the name, and the message goes back into its own log.
    private const int LongestUser = 128;

    public static ErrPacket AccessDenied(string user, ClientHost host, bool usedPassword) =>
        new(ErrorCode.AccessDenied, $"Access denied for user '{Cut(user)}'@'{host.Display}' (using password: {(usedPassword ? "YES" : "NO")})");

    public static ErrPacket Blocked(ClientHost host, TimeSpan refusedFor) =>
        new(ErrorCode.HostIsBlocked, $"Host '{host.Display}' is blocked because of many failed logins; try again in {Math.Ceiling(refusedFor.TotalSeconds)} s");

    public static ErrPacket UnsupportedPlugin(Account account) =>
        new(ErrorCode.PluginNotLoaded,
            $"Plugin '{account.Plugin}' of account '{account.User}'@'{account.Host}' is not supported by the gateway, which knows " +
            $"{AuthPlugins.NativePassword} and {AuthPlugins.CachingSha2}; change the account's plugin, or connect to the engine itself");

    public static ErrPacket ClientCannot(string plugin) =>
        new(ErrorCode.NotSupportedAuthMode, $"Client does not support authentication protocol requested by server ({plugin}); consider upgrading the client");

    public static ErrPacket Locked(ServerFamily family, string user, ClientHost host) =>
        family == ServerFamily.MariaDb
            ? new ErrPacket(ErrorCode.AccountLockedMariaDb, "Access denied, this account is locked")
            : new ErrPacket(ErrorCode.AccountLockedMySql, $"Access denied for user '{Cut(user)}'@'{host.Display}'. Account is locked.");

    public static ErrPacket Expired() =>
        new(ErrorCode.PasswordExpired, "Your password has expired. To log in you must change it using a client that supports expired passwords.");

    /// <summary>The answer to every statement but the one that changes the password. Servers tell by the same number which of the two statements they take.</summary>
    public static ErrPacket MustChange() =>
        new(ErrorCode.MustChangePassword,
            "Your password has expired: change it before any other statement, by SET PASSWORD = PASSWORD('…') on MariaDB or ALTER USER USER() IDENTIFIED BY '…' on MySQL");

    /// <summary>Before the password is changed the engine does not say whom it took the login for, so the gateway must know that there is nobody else.</summary>
    public static ErrPacket ChangeElsewhere(string user) =>
        new(ErrorCode.MustChangePassword,
            $"Your password has expired, and cannot be changed through the gateway: there are other accounts that the engine could take a login of '{Cut(user)}' for. " +
            "Connect to the engine itself, or ask for the other accounts to be renamed");

    public static ErrPacket ChangeUnknown(string why) =>
        new(ErrorCode.ServerShutdown, $"The compute went away while your password was changed ({why}); whether it took effect is not known: connect again, with the new password or the old one");

    public static ErrPacket TlsRequired(string user, ClientHost host) =>
        new(ErrorCode.AccessDenied, $"Access denied for user '{Cut(user)}'@'{host.Display}': the account requires TLS, and this connection has none");

    /// <summary>The engine would look at the gateway's connection in the place of the client's.</summary>
    public static ErrPacket CertificateRequired(Account account) =>
        new(ErrorCode.AccessDenied,
            $"Access denied: account '{account.User}'@'{account.Host}' requires more of the client's own TLS connection (X509, ISSUER, SUBJECT or CIPHER) than can be shown " +
            "through the gateway; change it to REQUIRE SSL, or connect to the engine itself");

    /// <summary>In the words of require_secure_transport, which both families share; their SQL states differ.</summary>
    public static ErrPacket InsecureTransport(ServerFamily family) =>
        new(ErrorCode.SecureTransportRequired, family == ServerFamily.MariaDb ? "08004" : "HY000", "Connections using insecure transport are prohibited while --require_secure_transport=ON.");

    public static ErrPacket NotKnownYet(string database) =>
        new(ErrorCode.UnknownError,
            $"The accounts of database '{database}' are not known, because its engine has not run yet; start it once (serverless resume {database})") { WithSqlState = false };

    /// <summary>The same without a name: a stranger has not said which database it means, or has guessed it.</summary>
    public static ErrPacket NotKnownYet() =>
        new(ErrorCode.UnknownError, "The accounts are not known, because the engine has not run yet; start it once (serverless resume)") { WithSqlState = false };

    public static ErrPacket TooMany() => new(ErrorCode.TooManyConnections, "Too many connections");

    public static ErrPacket NoProxy(IPEndPoint? peer) =>
        new(ErrorCode.HostNotPrivileged, $"A PROXY protocol header from {peer?.Address.ToString() ?? "a Unix socket"} is not accepted: it is not among the proxies that the gateway trusts (proxyProtocol:from)");

    public static ErrPacket BadHandshake(string problem, bool withSqlState) =>
        new(ErrorCode.BadHandshake, $"Bad handshake: {problem}") { WithSqlState = withSqlState };

    private static string Cut(string user) => user.Length <= LongestUser ? user : user[..LongestUser];
}
