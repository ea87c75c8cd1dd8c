using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>
/// Holds, in memory only, what logging in to the engine as an account takes. One copy per account, counted; when the last session of the
/// account lets go of it, it is overwritten with zeros. Safe from any thread.
/// </summary>
public sealed class SecretKeeper
{
    // By the whole account: with another password, or anything else that changed, it is another account here.
    private readonly Dictionary<Account, AccountSecret> _secrets = [];
    private readonly Lock _gate = new();

    /// <summary>Accounts whose secret is held.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _secrets.Count;
        }
    }

    /// <summary>Takes a share of the account's secret. If one is held already it is the same, and the one given is wiped.</summary>
    public SecretLease Hold(Account account, LoginSecret secret)
    {
        lock (_gate)
        {
            if (_secrets.TryGetValue(account, out var held))
            {
                secret.Wipe();
            }
            else
            {
                held = new AccountSecret(secret);
                _secrets.Add(account, held);
            }
            return Share(account, held);
        }
    }

    /// <summary>Takes a share of the secret if some session holds it; null otherwise.</summary>
    public SecretLease? TryHold(Account account)
    {
        lock (_gate) return _secrets.TryGetValue(account, out var held) ? Share(account, held) : null;
    }

    internal void Release(Account account, AccountSecret secret)
    {
        lock (_gate)
        {
            if (--secret.Holders > 0) return;
            _secrets.Remove(account);
            secret.Secret.Wipe();
        }
    }

    private SecretLease Share(Account account, AccountSecret secret)
    {
        secret.Holders++;
        return new SecretLease(this, account, secret);
    }
}

/// <summary>One account's secret, shared by its sessions.</summary>
internal sealed class AccountSecret(LoginSecret secret)
{
    public LoginSecret Secret { get; } = secret;

    public int Holders { get; set; }
}
