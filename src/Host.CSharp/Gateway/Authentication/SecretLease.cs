using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>A session's share of its account's secret. Dispose it when the session ends, or logs in as somebody else.</summary>
public sealed class SecretLease : IDisposable
{
    private readonly SecretKeeper _keeper;
    private readonly AccountSecret _secret;
    private int _released;

    internal SecretLease(SecretKeeper keeper, Account account, AccountSecret secret)
    {
        _keeper = keeper;
        Account = account;
        _secret = secret;
    }

    public Account Account { get; }

    /// <summary>The secret itself. Of use until the lease is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The lease was given back.</exception>
    public LoginSecret Secret
    {
        get
        {
            ObjectDisposedException.ThrowIf(_released != 0, this);
            return _secret.Secret;
        }
    }

    public override string ToString() => $"secret of {Account}";

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0) _keeper.Release(Account, _secret);
    }
}
