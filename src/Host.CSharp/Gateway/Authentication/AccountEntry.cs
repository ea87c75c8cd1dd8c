using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>An account with its host read once.</summary>
internal sealed class AccountEntry(Account account)
{
    public Account Account { get; } = account;

    public HostPattern Host { get; } = HostPattern.Parse(account.Host);

    /// <summary>Place in the engine's order.</summary>
    public int Rank { get; set; }
}
