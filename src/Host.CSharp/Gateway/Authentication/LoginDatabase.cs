using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>One database as clients log in to it: what is known of its engine and accounts, and the secrets of those who are in. Safe from any thread.</summary>
public sealed class LoginDatabase(string name)
{
    /// <summary>Less than clients wait for a login, most of them ten seconds; more than a busy engine takes to be read.</summary>
    private static readonly TimeSpan s_changeLimit = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private volatile ServerProfile? _profile;
    private AccountSnapshot _accounts = AccountSnapshot.Empty;
    private DateTimeOffset _changedAt;
    // Changes up to here are known, or were given up on.
    private DateTimeOffset _knownUntil;
    private TaskCompletionSource? _nextReading;

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
            _knownUntil = accounts.ReadAt;
            _nextReading?.SetResult();
            _nextReading = null;
        }
    }

    /// <summary>A statement has changed accounts: what is read before this instant is of the past.</summary>
    public void ExpectChange(DateTimeOffset at)
    {
        lock (_gate)
        {
            _changedAt = at;
            // A clock that was set back does not make it known.
            if (at <= _knownUntil) _knownUntil = at - TimeSpan.FromTicks(1);
        }
    }

    /// <summary>
    /// Ends when every change made so far is known; those that follow are not waited for. Whoever made one may log in by it at once; an engine that cannot
    /// be read does not keep clients out.
    /// </summary>
    public Task ChangesAreKnownAsync()
    {
        DateTimeOffset change;
        lock (_gate)
        {
            if (_changedAt <= _knownUntil) return Task.CompletedTask;
            change = _changedAt;
        }
        return WaitAsync(change);
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

    private async Task WaitAsync(DateTimeOffset change)
    {
        var limit = Task.Delay(s_changeLimit);
        while (true)
        {
            Task reading;
            lock (_gate)
            {
                if (limit.IsCompleted && _knownUntil < change) _knownUntil = change;
                if (_knownUntil >= change) return;
                _nextReading ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                reading = _nextReading.Task;
            }
            await Task.WhenAny(reading, limit);
        }
    }

    // The families order hosts differently, so both what the accounts are and whose they are count.
    private void Index() => Accounts.Use(_accounts, _profile?.Family ?? ServerFamily.MariaDb);
}
