using System.Security.Cryptography;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>Login by `mysql_native_password`: a right token gives away the single hash, which is what a login to the engine takes.</summary>
internal static class NativeLogin
{
    /// <param name="account">The account, or a stand-in that no password fits: the work is the same.</param>
    /// <exception cref="IOException">The client broke off or sent nonsense.</exception>
    public static async ValueTask<PasswordProof> ProveAsync(ClientExchange exchange, Account account, SecretKeeper secrets)
    {
        var token = await exchange.FirstAnswerAsync(AuthPlugins.NativePassword);
        if (account.AuthenticationString.Length == 0)
        {
            return new PasswordProof(token.IsEmpty ? secrets.Hold(account, LoginSecret.Empty) : null, !token.IsEmpty);
        }
        // What is stored may be no hash at all (`USING 'invalid'`): no token fits it then, at the same cost.
        var isHash = NativePassword.TryParseStored(account.AuthenticationString, out var stored);
        var right = NativePassword.TryVerify(token.Span, exchange.Request.Nonce, stored, out var stage1) && isHash;
        var proof = new PasswordProof(right ? secrets.Hold(account, LoginSecret.FromNativeStage1(stage1)) : null, !token.IsEmpty);
        CryptographicOperations.ZeroMemory(stage1);
        return proof;
    }
}
