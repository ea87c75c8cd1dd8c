using System.Net;
using System.Security.Cryptography;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>
/// Login by `caching_sha2_password`. Fast where a session of the account holds the password already; otherwise the client is asked for it,
/// in clear on a connection nobody can read along, encrypted to the gateway's key elsewhere.
/// Source: MySQL Source Code Documentation, "Caching_sha2_password information".
/// </summary>
internal sealed class CachingSha2Login(GatewayKey key, PasswordWork work)
{
    /// <param name="account">The account, or a stand-in that no password fits: the work is the same.</param>
    /// <exception cref="IOException">The client broke off or sent nonsense.</exception>
    public async ValueTask<PasswordProof> ProveAsync(ClientExchange exchange, Account account, SecretKeeper secrets)
    {
        var token = await exchange.FirstAnswerAsync(AuthPlugins.CachingSha2);
        // No password is an empty answer to the greeting, and one zero byte to a request to switch.
        var isEmpty = token.Length == 0 || (token.Length == 1 && token.Span[0] == 0);
        if (isEmpty || account.AuthenticationString.Length == 0)
        {
            var bothEmpty = isEmpty && account.AuthenticationString.Length == 0;
            return new PasswordProof(bothEmpty ? secrets.Hold(account, LoginSecret.Empty) : null, !isEmpty);
        }
        if (secrets.TryHold(account) is { } held)
        {
            if (held.Secret.FitsToken(token.Span, exchange.Request.Nonce))
            {
                // Nothing is to be answered to this one: the OK packet follows.
                exchange.Channel.Append(new AuthMoreData([CachingSha2Password.FastAuthOk]));
                return new PasswordProof(held, UsedPassword: true);
            }
            held.Dispose();
        }
        var password = await AskForPasswordAsync(exchange);
        if (password is null) return new PasswordProof(Secret: null, UsedPassword: true);
        try
        {
            return new PasswordProof(await VerifyAsync(exchange, password, account, secrets), UsedPassword: true);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(password);
        }
    }

    private async ValueTask<SecretLease?> VerifyAsync(ClientExchange exchange, byte[] password, Account account, SecretKeeper secrets)
    {
        if (secrets.TryHold(account) is { } held)
        {
            if (held.Secret.Is(password)) return held;
            held.Dispose();
        }
        var isHash = StoredSha2Password.TryParse(account.AuthenticationString, out var stored);
        using (exchange.Deadline.Pause())
        {
            var right = await work.RunAsync(() => stored.Verify(password)) && isHash;
            return right ? secrets.Hold(account, LoginSecret.FromPassword(password)) : null;
        }
    }

    /// <summary>The password in clear; null when what the client sent cannot be one.</summary>
    private async ValueTask<byte[]?> AskForPasswordAsync(ClientExchange exchange)
    {
        var answer = await exchange.AskAsync([CachingSha2Password.FullAuthNeeded]);
        if (exchange.Channel.Transport.IsSecure || IsInClearFromThisMachine(exchange, answer)) return WithoutZero(answer);
        if (answer is [CachingSha2Password.RequestPublicKey]) answer = await exchange.AskAsync(key.PublicPem.Span);
        byte[]? plain;
        using (exchange.Deadline.Pause()) plain = await work.RunAsync(() => key.TryDecrypt(answer));
        return plain is null ? null : WithoutZero(CachingSha2Password.Veil(plain, exchange.Request.Nonce));
    }

    /// <summary>MariaDB's client library takes the loopback for secure and sends the password at once; nobody but this machine's root can read along.</summary>
    private bool IsInClearFromThisMachine(ClientExchange exchange, byte[] answer) =>
        answer.Length > 1 && answer.Length != key.CipherLength && answer[^1] == 0
        && exchange.Channel.Transport is LoopSocket socket && socket.GetRemoteEndPoint() is { } peer && IPAddress.IsLoopback(peer.Address);

    private static byte[]? WithoutZero(byte[] text)
    {
        if (text.Length == 0 || text[^1] != 0) return null;
        var password = text[..^1];
        CryptographicOperations.ZeroMemory(text);
        return password;
    }
}
