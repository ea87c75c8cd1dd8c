using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>One database as clients log in to it: what is known of its engine and accounts, and the secrets of those who are in. Safe from any thread.</summary>
public sealed class LoginDatabase(string name)
{
    private readonly Lock _gate = new();
    private volatile ServerProfile? _profile;
    private AccountSnapshot _accounts = AccountSnapshot.Empty;

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
        }
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

    // The families order hosts differently, so both what the accounts are and whose they are count.
    private void Index() => Accounts.Use(_accounts, _profile?.Family ?? ServerFamily.MariaDb);
}
