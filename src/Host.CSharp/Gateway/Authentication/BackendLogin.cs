using System.Text;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>
/// Logs a client in to the engine as the account that the gateway authenticated, and as nobody else. An engine that reads PROXY headers
/// matches the client's own address; where every client seems to come from the gateway, the engine is asked whom it took the login for.
/// </summary>
public static class BackendLogin
{
    // Withheld from the engine's connection: compression is not spoken on this side, and whether TLS is does not depend on the client's.
    private const Capabilities Unspoken = Capabilities.Tls | Capabilities.Compress | Capabilities.ZstdCompression;

    // In hexadecimal, so that it comes through any character set of the client's.
    private const string WhoAmI = "SELECT HEX(CONVERT(CURRENT_USER() USING utf8mb4))";

    /// <summary>Connects and logs in, on the loop of the client's channel.</summary>
    /// <param name="schema">Schema to begin with; null for none.</param>
    /// <param name="collation">Id of the collation to begin with.</param>
    /// <param name="wanted">Capabilities to ask for; what the engine does not offer is left out.</param>
    /// <param name="passwordChange">Run when, and only when, the engine wants an expired password changed before anything else. What became of it stands in it, however this ends.</param>
    /// <exception cref="BackendLoginException">The engine refuses, or takes the login for another account; its error is the one to tell the client.</exception>
    /// <exception cref="IOException">The engine cannot be reached, or the connection ended.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    internal static async Task<BackendConnection> ConnectAsync(
        BackendAddress address, AuthenticatedClient client, string? schema, ushort collation, Capabilities wanted, CancellationToken cancellation,
        PasswordChange? passwordChange = null)
    {
        var login = new EngineLogin(address, client.User, client.Secret.Secret)
        {
            Database = schema,
            CollationId = (byte)collation,
            Capabilities = wanted & ~Unspoken,
            Attributes = client.ConnectionAttributes?.Unpack() ?? [],
            ClientAddress = client.EndPoint,
            Tls = address.Tls ?? (client.Account.RequiresTls ? EngineTls.OnOwnSocket : null),
        };
        EngineClient? engine = null;
        try
        {
            engine = await EngineClient.ConnectAsync(client.Channel.Loop, login, cancellation);
            var seesClient = EngineSeesClient(address, client);
            if (passwordChange is not null) await ChangePasswordAsync(engine, client, seesClient, passwordChange, cancellation);
            if (!seesClient) await VerifyIdentityAsync(engine, client, cancellation);
            return new BackendConnection(engine.Channel, engine.ConnectionId, engine.Login.Capabilities, engine.Login.Status, engine.Login.SessionState);
        }
        catch (EngineErrorException error)
        {
            engine?.Abort();
            throw new BackendLoginException(Refused(client, error), error);
        }
        catch (LoginFailedException failure)
        {
            throw new BackendLoginException(Impossible(client, failure), failure);
        }
        catch
        {
            engine?.Abort();
            throw;
        }
    }

    /// <summary>
    /// The engine matches accounts by exactly what the gateway did. With `skip_name_resolve`, MariaDB believes the address in a PROXY header
    /// and still takes whoever comes by its Unix socket for `localhost` too, which would open accounts of that host to everybody.
    /// </summary>
    private static bool EngineSeesClient(BackendAddress address, AuthenticatedClient client)
    {
        if (client.EndPoint is null) return address.UnixSocket is not null;
        return address.ReadsProxyHeader && (address.UnixSocket is null || client.Authenticator.EngineResolvesNames);
    }

    /// <summary>
    /// Servers that let an expired password in answer everything with an error until it is changed: MariaDB but for SET, MySQL but for ALTER USER. So whose it is
    /// can be asked afterwards only. Nothing is sent where it is not expired.
    /// </summary>
    private static async Task ChangePasswordAsync(EngineClient engine, AuthenticatedClient client, bool seesClient, PasswordChange change, CancellationToken cancellation)
    {
        try
        {
            await engine.QueryAsync(WhoAmI, cancellation);
            return;
        }
        catch (EngineErrorException error) when (error.Code == ErrorCode.MustChangePassword)
        {
            if (!seesClient && !client.Authenticator.Database.Accounts.IsOnlyOneFor(client.User, client.Account))
                throw new BackendLoginException(LoginRefusal.ChangeElsewhere(client.User));
        }
        change.IsSent = true;
        var answer = await engine.SendCommandAsync(Command.Query, change.Command, cancellation);
        if (answer is [ErrPacket.Header, ..])
        {
            change.IsSent = false;
            throw new BackendLoginException(ErrPacket.Read(answer)) { ChangeRefused = true };
        }
        if (answer is not [OkPacket.Header, ..]) throw new MalformedPacketException("answer to a change of password", 0, "an OK or error packet expected, something else found");
        change.HasRun = true;
    }

    private static async Task VerifyIdentityAsync(EngineClient engine, AuthenticatedClient client, CancellationToken cancellation)
    {
        var result = await engine.QueryAsync(WhoAmI, cancellation);
        var answer = result.Scalar ?? "";
        if (answer.Length % 2 != 0 || !answer.All(char.IsAsciiHexDigit)) throw new MalformedPacketException("account in use", 0, "hexadecimal digits expected, something else found");
        var taken = Encoding.UTF8.GetString(Convert.FromHexString(answer));
        if (IsAccount(taken, client.Account)) return;
        throw new BackendLoginException(new ErrPacket(
            ErrorCode.AccessDenied,
            $"Access denied: the gateway authenticated you as '{client.Account}', but the engine, to which you come from the gateway's machine, takes you for '{taken}'. " +
            "Remove one of the two accounts, or give them different user names"));
    }

    /// <summary>Users differ by case, hosts do not. A host holds no `@`.</summary>
    private static bool IsAccount(string taken, Account account)
    {
        var at = taken.LastIndexOf('@');
        return at >= 0 && taken.AsSpan(0, at).SequenceEqual(account.User) && taken.AsSpan(at + 1).Equals(account.Host, StringComparison.OrdinalIgnoreCase);
    }

    private static ErrPacket Refused(AuthenticatedClient client, EngineErrorException error) => error.Code == ErrorCode.MustChangePassword ? LoginRefusal.MustChange()
        : new(error.Code, error.SqlState, $"The engine refused the login of {client.Account}: {error.EngineMessage}"
            + (error.Code == ErrorCode.AccessDenied ? "; if its password was changed since you logged in, connect again" : ""));

    private static ErrPacket Impossible(AuthenticatedClient client, LoginFailedException failure) =>
        new(ErrorCode.AccessDenied, $"Access denied: the engine cannot be logged in to as {client.Account}: {failure.Message} If the account was changed since you logged in, connect again");
}
