using System.Text;
using NUnit.Framework;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>A login with an expired password that breaks off around the statement that changes it: the change is sent once, and what is told of it is so.</summary>
[CancelAfter(60_000)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PasswordChangeCutOffTests
{
    private const string Change = "SET PASSWORD = PASSWORD('new')";

    private int _changes;

    [Test]
    public async Task ChangeThatIsNotAnswered_IsNotSentAgain_AndNotKnown(CancellationToken cancellation)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var server = new ScriptedServer(channel => ServeAsync(channel, answers: false));
        gateway.Database.Open(server.Address);
        await using var client = await gateway.ConnectAsync();
        var error = await GatewayUnderTest.ErrorOfAsync(client.QueryAsync(Change, cancellation));
        Assert.That((error.Code, _changes), Is.EqualTo((ErrorCode.ServerShutdown, 1)), error.EngineMessage);
        Assert.That(error.EngineMessage, Does.StartWith("The compute went away while your password was changed").And.Contain("not known: connect again"));
    }

    [Test]
    public async Task ChangeThatRan_IsAnsweredSo_ThoughTheConnectionBreaksBehindIt(CancellationToken cancellation)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var server = new ScriptedServer(channel => ServeAsync(channel, answers: true));
        gateway.Database.Open(server.Address);
        await using var client = await gateway.ConnectAsync();
        var before = await GatewayUnderTest.ErrorOfAsync(client.QueryAsync("SELECT a FROM t", cancellation));
        Assert.That(before.Code, Is.EqualTo(ErrorCode.MustChangePassword));
        await client.QueryAsync(Change, cancellation);
        Assert.That(_changes, Is.EqualTo(1));
    }

    /// <summary>Takes a login and nothing but the change, which it answers or not, and then breaks off.</summary>
    private async Task ServeAsync(PacketChannel channel, bool answers)
    {
        await ScriptedServer.GreetAsync(channel);
        channel.Append(new OkPacket { Status = ServerStatus.AutoCommit });
        await channel.FlushAsync();
        while (true)
        {
            channel.Sequence = 0;
            var command = (await channel.ReadPacketAsync()).ToArray();
            if (Encoding.UTF8.GetString(command.AsSpan(1)) == Change)
            {
                _changes++;
                if (answers)
                {
                    channel.Append(new OkPacket { Status = ServerStatus.AutoCommit });
                    await channel.FlushAsync();
                    await channel.ReadPacketAsync();
                }

                channel.Transport.Abort();
                return;
            }

            channel.Append(new ErrPacket(ErrorCode.MustChangePassword, "You must SET PASSWORD before executing this statement"));
            await channel.FlushAsync();
        }
    }
}
