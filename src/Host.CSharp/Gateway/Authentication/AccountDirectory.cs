using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>
/// Finds the account that a login belongs to, the way the engine finds it: in the order of <see cref="HostOrder"/> the first whose host
/// matches and whose user is the given one or anonymous. A new snapshot takes the place of the old one in one step; safe from any thread.
/// </summary>
public sealed class AccountDirectory
{
    private volatile Index _index = new(AccountSnapshot.Empty, ServerFamily.MariaDb);

    /// <summary>The snapshot in force.</summary>
    public AccountSnapshot Snapshot => _index.Snapshot;

    /// <summary>How the `caching_sha2_password` hashes of this engine begin; it says how many rounds they take.</summary>
    internal string Sha2Prefix => _index.Sha2Prefix;

    public void Use(AccountSnapshot snapshot, ServerFamily family) => _index = new Index(snapshot, family);

    /// <summary>The account, or null when the engine would know none for this user from there.</summary>
    public Account? Find(string user, ClientHost client) => _index.Find(user, client);

    /// <summary>Wherever a login of this user seems to come from, the engine can take it for no other account than this one.</summary>
    public bool IsOnlyOneFor(string user, Account account) => _index.IsOnlyOneFor(user, account);

    private sealed class Index
    {
        private readonly Dictionary<string, AccountEntry[]> _byUser;
        private readonly AccountEntry[] _anonymous;

        public Index(AccountSnapshot snapshot, ServerFamily family)
        {
            Snapshot = snapshot;
            var order = new HostOrder(family);
            // OrderBy is stable: equally specific accounts stay as the engine gave them.
            var entries = snapshot.Accounts.Select(account => new AccountEntry(account)).OrderBy(entry => entry, order).ToArray();
            for (var i = 0; i < entries.Length; i++) entries[i].Rank = i;
            _byUser = entries.GroupBy(entry => entry.Account.User, StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
            _anonymous = _byUser.GetValueOrDefault("", []);
            var sha2 = snapshot.Accounts.FirstOrDefault(account => account is { Plugin: AuthPlugins.CachingSha2, AuthenticationString.Length: > StoredSha2Password.PrefixLength });
            Sha2Prefix = sha2?.AuthenticationString[..StoredSha2Password.PrefixLength] ?? StoredSha2Password.DefaultPrefix;
        }

        public AccountSnapshot Snapshot { get; }

        public string Sha2Prefix { get; }

        public Account? Find(string user, ClientHost client)
        {
            var anonymous = FirstMatch(_anonymous, client);
            if (user.Length == 0) return anonymous?.Account;
            var named = _byUser.TryGetValue(user, out var entries) ? FirstMatch(entries, client) : null;
            if (named is null || anonymous is null) return (named ?? anonymous)?.Account;
            return named.Rank < anonymous.Rank ? named.Account : anonymous.Account;
        }

        public bool IsOnlyOneFor(string user, Account account) =>
            _byUser.GetValueOrDefault(user, []).Concat(_anonymous).All(entry => entry.Account.User == account.User && entry.Account.Host == account.Host);

        private static AccountEntry? FirstMatch(AccountEntry[] entries, ClientHost client)
        {
            foreach (var entry in entries)
            {
                if (entry.Host.Matches(client)) return entry;
            }
            return null;
        }
    }
}
