using System.Security.Cryptography;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>
/// Holds, in memory only, what logging in to the engine as an account takes: the SHA-1 of the password for `mysql_native_password`, the
/// password itself for `caching_sha2_password`. One copy per account, counted; when the last session of the account lets go of it, it is
/// overwritten with zeros. Safe from any thread.
/// </summary>
public sealed class SecretKeeper
{
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

    /// <summary>Takes a share of the account's secret; the bytes given are copied, or compared and found the same.</summary>
    public SecretLease Hold(Account account, ReadOnlySpan<byte> secret)
    {
        lock (_gate)
        {
            if (!_secrets.TryGetValue(account, out var held))
            {
                held = new AccountSecret(secret.ToArray());
                _secrets.Add(account, held);
            }
            held.Holders++;
            return new SecretLease(this, account, held);
        }
    }

    /// <summary>Takes a share of the secret if some session holds it; null otherwise. An account whose password or anything else changed since is another account here.</summary>
    public SecretLease? TryHold(Account account)
    {
        lock (_gate)
        {
            if (!_secrets.TryGetValue(account, out var held)) return null;
            held.Holders++;
            return new SecretLease(this, account, held);
        }
    }

    internal void Release(Account account, AccountSecret secret)
    {
        lock (_gate)
        {
            if (--secret.Holders > 0) return;
            _secrets.Remove(account);
            CryptographicOperations.ZeroMemory(secret.Bytes);
        }
    }
}

/// <summary>One account's secret, shared by its sessions.</summary>
internal sealed class AccountSecret(byte[] bytes)
{
    public byte[] Bytes { get; } = bytes;

    public int Holders { get; set; }
}

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

    /// <summary>The secret itself; empty for an account without a password. Valid until the lease is disposed, and never to be copied to where it stays.</summary>
    /// <exception cref="ObjectDisposedException">The lease was given back.</exception>
    public ReadOnlySpan<byte> Bytes
    {
        get
        {
            ObjectDisposedException.ThrowIf(_released != 0, this);
            return _secret.Bytes;
        }
    }

    public override string ToString() => $"secret of {Account.User}@{Account.Host}";

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0) _keeper.Release(Account, _secret);
    }
}
