using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Serverless.Host.Gateway;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Gateway.Routing;
using Serverless.Host.Mysql;
using Serverless.Tests.Integration.Sessions;

namespace Serverless.Tests.Integration.Routing;

/// <summary>Which of the databases of a listener a client gets to. The password of each account is its database's name, so who is in is in the right one.</summary>
[CancelAfter(60_000)]
public sealed class RoutingTests
{
    private const string MariaDb = "5.5.5-10.11.6-MariaDB";

    private static readonly DatabaseNames Orders = new(["orders.example.com", "*.orders.example.com"], "orders", ["shop", @"shop\_%"], IsDefault: false);
    private static readonly DatabaseNames Billing = new(["billing.*"], "billing", ["invoices"], IsDefault: false);
    private static readonly DatabaseNames Default = new([], UserPrefix: null, [], IsDefault: true);

    [TestCase("orders.app", "orders", null, null)]
    [TestCase("billing.app", "billing", null, null)]
    [TestCase("app", "orders", "shop", null)]
    [TestCase("app", "orders", "shop_2", null)]
    [TestCase("app", "billing", "invoices", null)]
    [TestCase("app", "orders", null, "orders.example.com")]
    [TestCase("app", "orders", null, "EU.Orders.Example.Com")]
    [TestCase("app", "billing", null, "billing.eu.example.com")]
    [TestCase("app", "billing", "shop", "billing.example.com", Description = "the host name comes before the schema")]
    [TestCase("billing.app", "billing", "shop", null, Description = "the prefix comes before the schema")]
    [TestCase("orders.app", "orders", null, "orders.example.com", Description = "the prefix may be said too")]
    [TestCase("app", "rest", null, null)]
    [TestCase("app", "rest", "other", null)]
    [TestCase("app", "rest", "shopping", null, Description = "an escaped wildcard is none")]
    [TestCase("app", "rest", null, "elsewhere.example.com")]
    public async Task Client_GetsToTheDatabaseThatItMeans(string user, string database, string? schema, string? host)
    {
        await using var gateway = Three();
        await using var client = await gateway.ConnectAsync(user, database, schema, host);
        Assert.That((await client.QueryAsync("SELECT CURRENT_USER()", default)).Scalar, Is.EqualTo("app@%"));
        var inside = gateway.Sessions.Clients.Values.Single();
        Assert.That((inside.User, inside.Schema), Is.EqualTo(("app", schema)), "the prefix is not seen behind the gateway");
    }

    [Test]
    public async Task UserWhoseOwnNameHasADot_NeedsNoPrefix_UnlessADatabaseIsCalledLikeItsBeginning()
    {
        await using var gateway = Three();
        await using (await gateway.ConnectAsync("john.smith", "rest")) { }
        await using (await gateway.ConnectAsync("orders.john.smith", "orders")) { }
        await using (await gateway.ConnectAsync("orders.billing.bot", "orders")) { }
        Assert.That((await gateway.RefusedAsync("billing.bot", "orders")).EngineMessage, Is.EqualTo("Access denied for user 'billing.bot'@'127.0.0.1' (using password: YES)"));
    }

    [TestCase("shop_1", "escaped", Description = "what is escaped is a character of its own")]
    [TestCase("shopping", "open")]
    [TestCase("my_shop", "whole", Description = "a whole name, although it has an escaped wildcard")]
    public async Task SchemaThatSeveralPatternsFit_LeadsToTheClosest(string schema, string database)
    {
        await using var gateway = new SharedGateway()
            .With("open", Of("shop%", "my_shop%"), SharedGateway.Profile(MariaDb)).With("escaped", Of(@"shop\_%"), SharedGateway.Profile(MariaDb))
            .With("whole", Of(@"my\_shop"), SharedGateway.Profile(MariaDb)).Listen();
        await using var client = await gateway.ConnectAsync("app", database, schema);
    }

    [Test]
    public async Task SchemaThatPatternsOfTwoDatabasesFitAsClosely_IsRefused_HoweverManyOfOneDo()
    {
        await using var gateway = new SharedGateway().With("one", Of("a%"), SharedGateway.Profile(MariaDb)).With("two", Of("%b", "_b"), SharedGateway.Profile(MariaDb)).Listen();
        Assert.That((await gateway.RefusedAsync("app", "two", "ab")).EngineMessage, Does.StartWith("More than one database of this gateway is meant by the schema 'ab'."));
    }

    [Test]
    public async Task HostNameAndPrefixOfDifferentDatabases_AreRefused_WithWhatToDo()
    {
        await using var gateway = Three();
        var refused = await gateway.RefusedAsync("billing.app", "billing", host: "orders.example.com");
        Assert.That(refused.Code, Is.EqualTo(ErrorCode.AccessDenied));
        Assert.That(refused.EngineMessage, Does.StartWith("The TLS host name 'orders.example.com' leads to one database and the prefix of the user name 'billing.app' to another."));
    }

    [TestCase(null, ErrorCode.AccessDenied, "user 'app', no schema, no TLS host name")]
    [TestCase("elsewhere", ErrorCode.UnknownDatabase, "user 'app', schema 'elsewhere', no TLS host name")]
    public async Task NothingThatLeadsAnywhere_IsRefused_AndNamesNoDatabase(string? schema, int code, string said)
    {
        await using var gateway = new SharedGateway().With("orders", Orders, SharedGateway.Profile(MariaDb)).With("billing", Billing, SharedGateway.Profile(MariaDb)).Listen();
        var refused = await gateway.RefusedAsync("app", "orders", schema);
        Assert.That((refused.Code, refused.EngineMessage), Is.EqualTo(((ushort)code, $"No database of this gateway is meant by {said}. Say which one: by its prefix before the user name (PREFIX.USER), by its host name over TLS, or by a schema of it")));
        Assert.That(refused.EngineMessage, Does.Not.Contain("orders").And.Not.Contain("billing"));
    }

    [Test]
    public async Task PatternsThatFitAsClosely_AreAmbiguous_AndTheCloserOneWins()
    {
        await using var gateway = new SharedGateway()
            .With("a", new DatabaseNames([], "a", ["shop_%", "x%"], false), SharedGateway.Profile(MariaDb))
            .With("b", new DatabaseNames([], "b", ["%_shop", "xy%"], false), SharedGateway.Profile(MariaDb)).Listen();
        Assert.That((await gateway.RefusedAsync("app", "a", "shop_shop")).EngineMessage, Does.StartWith("More than one database of this gateway is meant by the schema 'shop_shop'."));
        await using (await gateway.ConnectAsync("app", "b", "xyz")) { }
        await using (await gateway.ConnectAsync("a.app", "a", "shop_shop")) { }
    }

    [Test]
    public async Task ChangeOfUser_StaysInItsDatabase()
    {
        await using var gateway = Three();
        await using var client = await gateway.ConnectAsync("orders.app", "orders");
        Assert.That((await ChangeAsync(client, "orders.john.smith"))[0], Is.EqualTo(0xfe), "it is asked to prove itself by the account behind the prefix");
        await using var other = await gateway.ConnectAsync("orders.app", "orders");
        var refused = ErrPacket.Read(await ChangeAsync(other, "billing.app"));
        Assert.That(refused.Message, Does.StartWith("The prefix of the user name 'billing.app' leads to another database than this connection's"));
    }

    [Test]
    public async Task Greeting_SuitsAllDatabases()
    {
        await using var gateway = new SharedGateway()
            .With("maria", new DatabaseNames([], "maria", [], true), SharedGateway.Profile(MariaDb, (SharedGateway.Engine & ~Capabilities.LongPassword) | Capabilities.MariaDbBulkOperations))
            .With("mysql", new DatabaseNames([], "mysql", [], false), SharedGateway.Profile("9.7.0", SharedGateway.Engine & ~Capabilities.SessionTrack)).Listen();
        var greeting = await GreetingAsync(gateway);
        Assert.That(greeting.ServerVersion, Is.EqualTo(MariaDb), "that of the default");
        Assert.That(greeting.Capabilities & (Capabilities.SessionTrack | Capabilities.MariaDbBulkOperations), Is.EqualTo(Capabilities.None), "what not all engines can is not offered");
        Assert.That(greeting.Capabilities.HasFlag(Capabilities.DeprecateEof | Capabilities.LongPassword));
        await using var client = await gateway.ConnectAsync("mysql.app", "mysql");
        await client.PingAsync(default);
    }

    [Test]
    public async Task Greeting_CanSayAnotherVersion()
    {
        await using var gateway = new SharedGateway().With("orders", DatabaseNames.None, SharedGateway.Profile(MariaDb)).Listen(new ListenerOptions { GreetingVersion = "8.4.0" });
        Assert.That((await GreetingAsync(gateway)).ServerVersion, Is.EqualTo("8.4.0"));
    }

    [Test]
    public async Task DatabaseWhoseEngineHasNotRunYet_KeepsNobodyFromTheOthers()
    {
        await using var gateway = new SharedGateway().With("orders", Orders with { IsDefault = true }, profile: null).With("billing", Billing, SharedGateway.Profile(MariaDb)).Listen();
        await using var client = await gateway.ConnectAsync("billing.app", "billing");
        Assert.That((await gateway.RefusedAsync("app", "orders")).EngineMessage, Does.Contain("has not run yet").And.Not.Contain("orders"));
    }

    [Test]
    public async Task EachDatabase_ShowsItsOwnCertificate()
    {
        await using var gateway = Three();
        Assert.Multiple(async () =>
        {
            Assert.That(await SubjectAsync(gateway, "orders.example.com"), Does.Contain("orders.example.com"));
            Assert.That(await SubjectAsync(gateway, "billing.eu.example.com"), Does.Contain("billing.example.com"));
            Assert.That(await SubjectAsync(gateway, "elsewhere.example.com"), Does.Contain("rest.example.com"), "the default's");
        });
    }

    [Test]
    public async Task LimitOfOneDatabase_IsNotAnothers()
    {
        await using var gateway = new SharedGateway().With("orders", Orders, SharedGateway.Profile(MariaDb), limit: 1).With("billing", Billing, SharedGateway.Profile(MariaDb)).Listen();
        await using (await gateway.ConnectAsync("orders.app", "orders"))
        {
            for (var i = 0; i < 3; i++) Assert.That((await gateway.RefusedAsync("orders.app", "orders")).Code, Is.EqualTo(ErrorCode.TooManyConnections));
            Assert.That(gateway.Log.At(LogLevel.Warning).Single(), Does.StartWith("orders: too many connections").And.Contain("limit of 1 of this database"), "said, and once");
            await using (await gateway.ConnectAsync("billing.app", "billing")) { }
        }
        await EndToEnd.Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    await using var again = await gateway.ConnectAsync("orders.app", "orders");
                    return true;
                }
                catch (EngineErrorException)
                {
                    return false;
                }
            }, TimeSpan.FromSeconds(10), () => Task.FromResult("the place is free again"));
    }

    [Test]
    public async Task WhatAStrangerCallsItself_ForgesNoLineOfTheLog()
    {
        await using var gateway = new SharedGateway().With("orders", Orders, SharedGateway.Profile(MariaDb)).With("billing", Billing, SharedGateway.Profile(MariaDb)).Listen();
        await gateway.RefusedAsync("a\nwarn: all is well\u001b[2J", "", "\r");
        var said = gateway.Log.Lines.Select(line => line.Message).ToList();
        Assert.That(said, Has.Some.Contains("was refused"));
        Assert.That(said, Has.None.Matches("[\\x00-\\x1f\\x7f]"));
    }

    [Test]
    public async Task GuessingHowToGetSomewhere_IsRefusedAfterAWhile_LikeGuessingPasswords()
    {
        var limits = FailureLimits.Default with { FreeFailures = 0, FirstDelay = TimeSpan.FromSeconds(15), LargestDelay = TimeSpan.FromSeconds(15), LargestDebt = TimeSpan.FromSeconds(20) };
        await using var gateway = new SharedGateway(limits).With("orders", Orders, SharedGateway.Profile(MariaDb)).With("billing", Billing, SharedGateway.Profile(MariaDb)).Listen();
        var first = await await Task.WhenAny(Enumerable.Range(0, 4).Select(i => gateway.RefusedAsync($"guess{i}.app", "")));
        Assert.That(first.Code, Is.EqualTo(ErrorCode.HostIsBlocked));
        await using (await gateway.ConnectAsync("billing.app", "billing")) { }
    }

    [Test]
    public async Task GuessingThePasswordsOfOneDatabase_BlocksNobodyFromAnother()
    {
        var limits = FailureLimits.Default with { FreeFailures = 0, FirstDelay = TimeSpan.FromSeconds(15), LargestDelay = TimeSpan.FromSeconds(15), LargestDebt = TimeSpan.FromSeconds(20) };
        await using var gateway = new SharedGateway(limits).With("orders", Orders, SharedGateway.Profile(MariaDb)).With("billing", Billing, SharedGateway.Profile(MariaDb)).Listen();
        // Two wait for the answer to their wrong passwords; the address is refused, at once, from then on. One after the other: those that are looked at together all fail.
        for (var i = 1; i <= 2; i++)
        {
            _ = gateway.RefusedAsync("orders.app", "wrong").ContinueWith(late => _ = late.Exception, TaskScheduler.Default);
            await EndToEnd.Eventually.HoldsAsync(() => Task.FromResult(gateway.Counters["orders"].Read().Failed == i), TimeSpan.FromSeconds(10), () => Task.FromResult($"{i} failures are counted"));
        }
        Assert.That((await gateway.RefusedAsync("orders.app", "wrong")).Code, Is.EqualTo(ErrorCode.HostIsBlocked));
        Assert.That((await gateway.RefusedAsync("orders.app", "orders")).Code, Is.EqualTo(ErrorCode.HostIsBlocked));
        await using (await gateway.ConnectAsync("billing.app", "billing")) { }
        Assert.That(gateway.Counters["orders"].Read(), Has.Property("Failed").EqualTo(2).And.Property("Delayed").EqualTo(2).And.Property("Refused").EqualTo(2));
        Assert.That(gateway.Counters["billing"].Read(), Is.EqualTo(new LoginReading(0, 0, 0)));
    }

    private static DatabaseNames Of(params string[] schemas) => new([], UserPrefix: null, schemas, IsDefault: false);

    private static SharedGateway Three() => new SharedGateway()
        .With("orders", Orders, SharedGateway.Profile(MariaDb), hostName: "orders.example.com", users: ["john.smith", "billing.bot"])
        .With("billing", Billing, SharedGateway.Profile(MariaDb), hostName: "billing.example.com")
        .With("rest", Default, SharedGateway.Profile(MariaDb), hostName: "rest.example.com", users: ["john.smith"]).Listen();

    private static async Task<byte[]> ChangeAsync(EngineClient client, string user)
    {
        await client.SendAsync(Command.ChangeUser, [.. System.Text.Encoding.UTF8.GetBytes(user), 0, 0, 0, 45, 0, .. "mysql_native_password"u8, 0, 0]);
        return (await client.Channel.Loop.RunAsync(async () => (await client.Channel.ReadPacketAsync()).ToArray()));
    }

    private static async Task<HandshakeV10> GreetingAsync(SharedGateway gateway)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(gateway.Address);
        return await ReadGreetingAsync(client);
    }

    private static async Task<HandshakeV10> ReadGreetingAsync(TcpClient client)
    {
        var header = new byte[4];
        await client.GetStream().ReadExactlyAsync(header);
        var payload = new byte[header[0] | (header[1] << 8)];
        await client.GetStream().ReadExactlyAsync(payload);
        return HandshakeV10.Read(payload);
    }

    private static async Task<string> SubjectAsync(SharedGateway gateway, string host)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(gateway.Address);
        await ReadGreetingAsync(client);
        using var writer = new PacketWriter();
        writer.Begin();
        new TlsRequest(EngineLogin.DefaultCapabilities | Capabilities.Tls, 1 << 24, 45).WriteTo(writer);
        writer.End(1);
        await client.GetStream().WriteAsync(writer.Written.ToArray());
        await using var tls = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate is not null);
        await tls.AuthenticateAsClientAsync(host);
        return ((X509Certificate2)tls.RemoteCertificate!).Subject;
    }
}
