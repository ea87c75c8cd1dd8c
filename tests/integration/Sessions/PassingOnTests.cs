using NUnit.Framework;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>A connection that is passed on to the first in line must be no less alive than one that is taken out of the pool.</summary>
[CancelAfter(60_000)]
public sealed class PassingOnTests
{
    [Test]
    public async Task FarewellOnAConnection_IsNoAnswerToTheStatementThatWaitsForIt(CancellationToken cancellation)
    {
        await using var gateway = await GatewayUnderTest.StartOnOneLoopAsync(
            ServerFamily.MariaDb, new GatewayOptions { MostBackends = 1, Sharing = new SharingOptions { On = true, After = TimeSpan.FromMinutes(1) } });
        gateway.KnowsNoStoredCode();
        var said = new TaskCompletionSource();
        using var compute = new ScriptedCompute(
            _ => Task.FromResult(true),
            text => text != "SELECT a FROM t" ? null : async channel =>
            {
                ScriptedCompute.Answer(channel, text);
                await channel.FlushAsync();
                await Task.Delay(100, cancellation);
                // As a server that ends an idle connection; the end of the connection itself is a moment behind.
                channel.Sequence = 0;
                channel.Append(new ErrPacket(ErrorCode.ConnectionKilled, "the farewell"));
                await channel.FlushAsync();
                said.SetResult();
                await Task.Delay(1000, cancellation);
            });
        gateway.Database.Open(compute.Address);
        await using var first = await gateway.ConnectAsync();
        await using var second = await gateway.ConnectAsync();
        await first.QueryAsync("SELECT a FROM t", cancellation);
        await said.Task;
        await Task.Delay(50, cancellation);
        Assert.That((await second.QueryAsync("SELECT b FROM t", cancellation)).Scalar, Is.EqualTo("1"));
    }
}
