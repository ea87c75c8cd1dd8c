using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>One database as clients log in to it: what is known of its engine and accounts, and the secrets of those who are in. Safe from any thread.</summary>
public sealed class LoginDatabase(string name)
{
    private static readonly TimeSpan s_changeLimit = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private volatile ServerProfile? _profile;
    private AccountSnapshot _accounts = AccountSnapshot.Empty;
    private DateTimeOffset _changedAt;
    private TaskCompletionSource? _change;

    public string Name { get; } = name;

    public AccountDirectory Accounts { get; } = new();

    public SecretKeeper Secrets { get; } = new();

    /// <summary>Null until the engine has run once: nobody can be greeted truthfully before.</summary>
    public ServerProfile? Profile => _profile;

    public void UseAccounts(AccountSnapshot accounts)
    {
        lock (_gate)
        {
            _accounts = accounts;
            Index();
            if (accounts.ReadAt >= _changedAt) EndChange();
        }
    }

    /// <summary>A statement has changed accounts: what is read before this instant is of the past.</summary>
    public void ExpectChange(DateTimeOffset at)
    {
        lock (_gate)
        {
            _changedAt = at;
            _change ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Ends when every change is known. Whoever made one may log in by it at once; an engine that cannot be read does not keep clients out.</summary>
    public Task ChangesAreKnownAsync()
    {
        var change = Volatile.Read(ref _change);
        return change is null ? Task.CompletedTask : GiveUpAsync(change);
    }

    public void UseProfile(ServerProfile profile)
    {
        lock (_gate)
        {
            var familyChanged = _profile?.Family != profile.Family;
            _profile = profile;
            if (familyChanged) Index();
        }
    }

    private async Task GiveUpAsync(TaskCompletionSource change)
    {
        try
        {
            await change.Task.WaitAsync(s_changeLimit);
        }
        catch (TimeoutException)
        {
            lock (_gate)
            {
                if (_change == change) EndChange();
            }
        }
    }

    private void EndChange()
    {
        _change?.SetResult();
        _change = null;
    }

    // The families order hosts differently, so both what the accounts are and whose they are count.
    private void Index() => Accounts.Use(_accounts, _profile?.Family ?? ServerFamily.MariaDb);
}
