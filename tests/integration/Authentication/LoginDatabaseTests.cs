using NUnit.Framework;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Authentication;

/// <summary>Logins that come while a change of accounts is not known yet.</summary>
[CancelAfter(60_000)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LoginDatabaseTests
{
    private static readonly DateTimeOffset s_start = new(2026, 3, 2, 20, 0, 0, TimeSpan.Zero);

    private readonly LoginDatabase _database = new("test");

    [Test]
    public async Task Change_IsWaitedForUntilAccountsAreReadAfterIt()
    {
        _database.ExpectChange(s_start);
        var login = _database.ChangesAreKnownAsync();
        _database.UseAccounts(Read(-1));
        Assert.That(login.IsCompleted, Is.False, "read before the change");
        _database.UseAccounts(Read(0));
        await login;
        Assert.That(_database.ChangesAreKnownAsync().IsCompleted);
    }

    [Test]
    public async Task ChangesThatGoOn_ALoginWaitsOnlyForThoseBeforeIt()
    {
        _database.ExpectChange(s_start);
        var login = _database.ChangesAreKnownAsync();
        _database.ExpectChange(s_start.AddSeconds(2));
        _database.UseAccounts(Read(1));
        await login;
        Assert.That(_database.ChangesAreKnownAsync().IsCompleted, Is.False, "who comes after the second change waits for that");
    }

    [Test]
    public async Task EngineThatIsNotRead_KeepsNobodyOutForLong_AndEachWaitIsItsOwn()
    {
        _database.ExpectChange(s_start);
        var first = _database.ChangesAreKnownAsync();
        _database.ExpectChange(s_start.AddSeconds(1));
        await first;
        Assert.That(_database.ChangesAreKnownAsync().IsCompleted, Is.False, "the later change was not given up on with the first");
        await _database.ChangesAreKnownAsync();
        Assert.That(_database.ChangesAreKnownAsync().IsCompleted, "what was given up on is not waited for again");
    }

    [Test]
    public void ClockSetBack_ANewChangeIsNotTakenForKnown()
    {
        _database.UseAccounts(Read(3600));
        _database.ExpectChange(s_start);
        Assert.That(_database.ChangesAreKnownAsync().IsCompleted, Is.False);
    }

    private static AccountSnapshot Read(int seconds) => new(s_start.AddSeconds(seconds), []);
}
