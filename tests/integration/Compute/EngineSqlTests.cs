using Serverless.Host.Compute.Engine;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Compute;

/// <summary>The gateway's own statements are bounded in time, each by what it may take.</summary>
internal sealed class EngineSqlTests
{
    private static readonly TimeSpan Usual = TimeSpan.FromMilliseconds(200);

    [Test]
    public async Task Statement_ThatTakesLongerThanItMay_Fails()
    {
        using var server = new ScriptedServer(channel => AnswerAsync(channel, Timeout.InfiniteTimeSpan));
        using var loop = new EventLoop("test");
        await using var sql = new EngineSql(loop, server.Address, "app", "", Usual);
        await Assert.ThatAsync(() => sql.QueryAsync("SET GLOBAL x = 1", default), Throws.InstanceOf<EngineSqlException>().With.Message.Contains("no answer within 0.2 s"));
    }

    [Test]
    public async Task Statement_ThatMayTakeLonger_IsWaitedFor()
    {
        using var server = new ScriptedServer(channel => AnswerAsync(channel, 3 * Usual));
        using var loop = new EventLoop("test");
        await using var sql = new EngineSql(loop, server.Address, "app", "", Usual);
        Assert.That((await sql.QueryAsync("SET GLOBAL x = 1", default, within: TimeSpan.FromSeconds(60))).Columns, Is.Empty);
    }

    private static async Task AnswerAsync(PacketChannel channel, TimeSpan after)
    {
        await ScriptedServer.GreetAsync(channel);
        channel.Append(new OkPacket { Status = ServerStatus.AutoCommit });
        await channel.FlushAsync();
        channel.Sequence = 0;
        await channel.ReadPacketAsync();
        await Task.Delay(after);
        channel.Append(new OkPacket { Status = ServerStatus.AutoCommit });
        await channel.FlushAsync();
    }
}
