using System.Net;
using NUnit.Framework;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Authentication;

public sealed class AccountDirectoryTests
{
    private static readonly ClientHost Remote = ClientHost.Of(IPAddress.Parse("10.1.2.3"), enginesResolveNames: true);
    private static readonly ClientHost Loopback = ClientHost.Of(IPAddress.Loopback, enginesResolveNames: true);
    private static readonly ClientHost UnresolvedLoopback = ClientHost.Of(IPAddress.Loopback, enginesResolveNames: false);
    private static readonly ClientHost UnixSocket = ClientHost.Of(address: null, enginesResolveNames: false);

    [TestCase("%", "10.1.%", "10.1.%")]
    [TestCase("10.1.%", "10.1.2.3", "10.1.2.3")]
    [TestCase("%", "10.0.0.0/255.0.0.0", "10.0.0.0/255.0.0.0")]
    public void Find_TwoHostsMatch_TheMoreSpecificOneWins(string first, string second, string expected)
    {
        foreach (var family in Enum.GetValues<ServerFamily>())
        {
            Assert.That(Directory(family, ("u", first), ("u", second)).Find("u", Remote)?.Host, Is.EqualTo(expected), family.ToString());
            Assert.That(Directory(family, ("u", second), ("u", first)).Find("u", Remote)?.Host, Is.EqualTo(expected), family.ToString());
        }
    }

    [Test]
    public void Find_MariaDb_PutsOneCharacterBeforeAny() =>
        Assert.That(Directory(ServerFamily.MariaDb, ("u", "10.1.2.%"), ("u", "10.1.2._")).Find("u", Remote)?.Host, Is.EqualTo("10.1.2._"));

    [Test]
    public void Find_AnonymousAccountWithMoreSpecificHost_ComesBeforeTheUser() =>
        Assert.That(Directory(ServerFamily.MariaDb, ("u", "%"), ("", "10.1.2.3")).Find("u", Remote)?.User, Is.Empty);

    [Test]
    public void Find_AnonymousAccountWithTheSameHost_ComesAfterTheUser() =>
        Assert.That(Directory(ServerFamily.MariaDb, ("", "%"), ("u", "%")).Find("u", Remote)?.User, Is.EqualTo("u"));

    [Test]
    public void Find_Loopback_IsLocalhostOnlyWhereTheEngineResolvesNames()
    {
        var directory = Directory(ServerFamily.MySql, ("u", "localhost"));
        Assert.That(directory.Find("u", Loopback), Is.Not.Null);
        Assert.That(directory.Find("u", UnresolvedLoopback), Is.Null);
        Assert.That(directory.Find("u", UnixSocket), Is.Not.Null);
        Assert.That(directory.Find("u", Remote), Is.Null);
    }

    [Test]
    public void Find_UnixSocket_MatchesNoAddress() =>
        Assert.That(Directory(ServerFamily.MySql, ("u", "127.0.0.1"), ("u", "::1")).Find("u", UnixSocket), Is.Null);

    [Test]
    public void Find_UserNameInOtherCase_IsAnotherUser() =>
        Assert.That(Directory(ServerFamily.MySql, ("User", "%")).Find("user", Remote), Is.Null);

    [TestCase("10.0.0.0/8", "10.200.1.1", true)]
    [TestCase("10.0.0.0/8", "11.0.0.1", false)]
    [TestCase("10.0.0.0/255.255.0.0", "10.0.9.9", true)]
    [TestCase("10.0.0.0/255.255.0.0", "10.1.9.9", false)]
    [TestCase("0.0.0.0/0", "8.8.8.8", true)]
    [TestCase("10.0.0.1/255.0.0.0", "10.0.0.1", false)]
    [TestCase("10.0.0.0/99", "10.0.0.0", false)]
    [TestCase("fe80::%", "fe80::1", true)]
    [TestCase("10.1.2.3%", "10.1.2.34", true)]
    [TestCase("", "10.1.2.34", true)]
    [TestCase(@"10.1.2.\%", "10.1.2.3", false)]
    public void Matches_Host_AsTheEngineDoes(string pattern, string address, bool expected) =>
        Assert.That(HostPattern.Parse(pattern).Matches(ClientHost.Of(IPAddress.Parse(address), enginesResolveNames: true)), Is.EqualTo(expected));

    [Test]
    public void Matches_PatternThatInvitesBacktracking_StaysFast()
    {
        var pattern = HostPattern.Parse(string.Concat(Enumerable.Repeat("a%", 100)) + "b");
        Assert.That(pattern.Matches(new ClientHost(new string('a', 255), null)), Is.False);
    }

    [Test]
    public void Of_MappedAddress_IsTheIPv4Address() =>
        Assert.That(ClientHost.Of(IPAddress.Parse("::ffff:10.1.2.3"), enginesResolveNames: true).Address, Is.EqualTo("10.1.2.3"));

    [Test]
    public void Use_NewSnapshot_TakesThePlaceOfTheOldOne()
    {
        var directory = Directory(ServerFamily.MySql, ("old", "%"));
        directory.Use(new AccountSnapshot(DateTimeOffset.UnixEpoch, [Account("new", "%")]), ServerFamily.MySql);
        Assert.That(directory.Find("old", Remote), Is.Null);
        Assert.That(directory.Find("new", Remote), Is.Not.Null);
    }

    private static AccountDirectory Directory(ServerFamily family, params (string User, string Host)[] accounts)
    {
        var directory = new AccountDirectory();
        directory.Use(new AccountSnapshot(DateTimeOffset.UnixEpoch, [.. accounts.Select(account => Account(account.User, account.Host))]), family);
        return directory;
    }

    [TestCase("app", "%", "app@%", true)]
    [TestCase("app", "%", "app@%, other@%", true)]
    [TestCase("app", "%", "app@%, app@10.1.2.3", false)]
    [TestCase("app", "%", "app@%, @localhost", false)]
    [TestCase("", "%", "@%", true)]
    [TestCase("", "%", "@%, app@localhost", false)]
    public void Account_IsTheOnlyOneThatALoginOfAUserCanBeTakenFor(string user, string host, string all, bool isOnly)
    {
        var directory = new AccountDirectory();
        var accounts = all.Split(", ").Select(one => one.Split('@')).Select(one => Account(one[0], one[1])).ToArray();
        directory.Use(new AccountSnapshot(DateTimeOffset.UnixEpoch, accounts), ServerFamily.MariaDb);
        Assert.That(directory.IsOnlyOneFor("app", Account(user, host)), Is.EqualTo(isOnly));
    }

    private static Account Account(string user, string host) => new(user, host, "mysql_native_password", "", Locked: false, PasswordExpired: false, RequiresTls: false);
}
