using NUnit.Framework;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>Statements whose answer somebody configured wake nothing, and are the server's where a session has a connection.</summary>
[TestFixture(ServerFamily.MariaDb)]
[TestFixture(ServerFamily.MySql)]
[CancelAfter(90_000)]
public sealed class FixedAnswerTests(ServerFamily family)
{
    private const string Asks = "SELECT COUNT(*) AS many, 'x' AS text, NULL AS none FROM mysql.db";

    private GatewayUnderTest _gateway = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _gateway = await GatewayUnderTest.StartOnOneLoopAsync(family, new GatewayOptions
        {
            Answers = new FixedAnswers(
            [
                new FixedAnswer(Asks, ["many", "text", "none"], [["-7", "seven", null], ["8", "eight", null]]),
                new FixedAnswer("SHOW TABLES FROM nowhere;", ["Tables"], []),
                new FixedAnswer("DO 0", [], []),
            ]),
        });
        _gateway.Open();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
    }

    [Test]
    public async Task SessionWithoutAConnection_GetsTheAnswer_AndNothingWakes(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        var ended = _gateway.Activity.StatementsTotal;
        var answer = await client.QueryAsync($"  {Asks} ;\n", cancellation);
        Assert.That(answer.Columns, Is.EqualTo(new[] { "many", "text", "none" }));
        Assert.That(answer.Rows, Is.EqualTo(new[] { new[] { "-7", "seven", null }, ["8", "eight", null] }));
        Assert.That((await client.QueryAsync("SHOW TABLES FROM nowhere", cancellation)).Rows, Is.Empty);
        Assert.That((await client.QueryAsync("DO 0", cancellation)).Columns, Is.Empty);
        Assert.That(_gateway.Activity.Active, Is.Zero, "it was given no connection");
        Assert.That(_gateway.Activity.StatementsTotal, Is.EqualTo(ended), "none of them counted as a statement of the compute's");
    }

    [Test]
    public async Task SessionWithAConnection_IsAnsweredByTheServer_AndKeepsNothingAwake(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        await client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        var last = _gateway.LastEnded;
        Assert.That((await client.QueryAsync(Asks, cancellation)).Rows.Single()[1], Is.EqualTo("x"));
        Assert.That(_gateway.LastEnded, Is.EqualTo(last));
    }

    [Test]
    public async Task WhatTheAnswerLeaves_IsAskedForAsAfterAnyOther(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        await client.QueryAsync("SELECT COUNT(*) FROM mysql.db", cancellation);
        Assert.That(await _gateway.DrainAsync(), Is.Null);
        try
        {
            await client.QueryAsync(Asks, cancellation);
            Assert.That((await client.QueryAsync("SELECT FOUND_ROWS()", cancellation)).Scalar, Is.EqualTo("2"));
            Assert.That(_gateway.Activity.Active, Is.Zero);
        }
        finally
        {
            _gateway.Open();
        }
    }

    [Test]
    public async Task MoreRowsThanTheSessionWants_AreAskedOfTheServer(CancellationToken cancellation)
    {
        await using var client = await _gateway.ConnectAsync();
        await client.QueryAsync("SET sql_select_limit = 1", cancellation);
        Assert.That((await client.QueryAsync(Asks, cancellation)).Rows.Single()[1], Is.EqualTo("x"));
    }
}
