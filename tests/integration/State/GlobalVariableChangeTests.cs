using NUnit.Framework;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.State;

/// <summary>
/// Session variables of MariaDB that differ from their global values for a reason that is none of the session's. (MySQL's tracker tells of every
/// variable, and it has no list of both values that every account may read.)
/// </summary>
[TestFixture]
[CancelAfter(120_000)]
public sealed class GlobalVariableChangeTests
{
    private StateServer _server = null!;

    [OneTimeSetUp]
    public async Task StartServer() => _server = await StateServer.StartAsync(ServerFamily.MariaDb);

    [OneTimeTearDown]
    public void StopServer() => _server?.Dispose();

    [Test]
    public async Task ChangedByTheSession_IsNotItsOwnAfterTheMove()
    {
        await using var session = await _server.OpenAsync();
        var before = await session.AskAsync("SELECT @@div_precision_increment");
        await session.RunAsync("SET GLOBAL div_precision_increment=11");
        try
        {
            await session.MoveAsync();
            Assert.That(await session.AskAsync("SELECT @@global.div_precision_increment, @@div_precision_increment"), Is.EqualTo("11|" + before));
        }
        finally
        {
            await session.RunAsync("SET GLOBAL div_precision_increment=DEFAULT");
        }
    }

    /// <summary>Those that no session may set, and those that only an administrator may.</summary>
    [TestCase("max_allowed_packet=32000000")]
    [TestCase("net_buffer_length=32768")]
    [TestCase("binlog_format='ROW', sort_buffer_size=400000")]
    [TestCase("server_id=77, div_precision_increment=9")]
    public async Task ChangedByAnother_DoesNotKeepACallerOfStoredCodeFromMoving(string change)
    {
        await using var administrator = await _server.OpenAsync();
        await using var session = await _server.OpenAsync(user: "plain");
        await session.RunAsync("DROP PROCEDURE IF EXISTS shop.nothing", "CREATE PROCEDURE shop.nothing() SET @nothing=1");
        await administrator.RunAsync("SET GLOBAL " + change.Replace(", ", ", GLOBAL ", StringComparison.Ordinal));
        try
        {
            await session.RunAsync("CALL shop.nothing()");
            await session.MoveAsync();
            Assert.That(await session.AskAsync("SELECT @nothing"), Is.EqualTo("1"));
        }
        finally
        {
            foreach (var name in change.Split(", ").Select(c => c.Split('=')[0])) await administrator.RunAsync($"SET GLOBAL {name}=DEFAULT");
        }
    }
}
