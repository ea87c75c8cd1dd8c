using NUnit.Framework;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.State;

/// <summary>The gateway's own tracker setting is not to be seen by clients.</summary>
[TestFixture(ServerFamily.MariaDb)]
[TestFixture(ServerFamily.MySql)]
[CancelAfter(240_000)]
public sealed class ClientTrackerTests(ServerFamily family)
{
    private StateServer _server = null!;

    [OneTimeSetUp]
    public async Task StartServer() => _server = await StateServer.StartAsync(family);

    [OneTimeTearDown]
    public void StopServer() => _server?.Dispose();

    [Test]
    public async Task TrackerSetting_AskedByTheClient_IsTheServersOwn()
    {
        await using var session = await _server.OpenAsync();
        await using var plain = await _server.ConnectAsync();
        var expected = await plain.QueryAsync("SELECT @@session_track_system_variables", default);
        var answer = await session.RunNamingTrackersAsync("SELECT @@session_track_system_variables");
        Assert.That(System.Text.Encoding.UTF8.GetString(answer.Rows[0][0]!), Is.EqualTo(expected.Scalar));
    }

    [Test]
    public async Task TrackerSetting_SetByTheClient_IsKeptOverAMove()
    {
        await using var session = await _server.OpenAsync();
        await session.RunNamingTrackersAsync("SET session_track_system_variables='time_zone', sort_buffer_size=500000");
        await session.RunAsync("SET net_read_timeout=55");
        await session.MoveAsync();
        var answer = await session.RunNamingTrackersAsync("SELECT @@session_track_system_variables, @@sort_buffer_size, @@net_read_timeout");
        Assert.That(answer.Rows[0].Select(v => System.Text.Encoding.UTF8.GetString(v!)), Is.EqualTo(new[] { "time_zone", "500000", "55" }));
        Assert.That(session.State.AnswersLastStatement, Is.True);
    }

    [Test]
    public async Task Reports_ToAClient_AreThoseItWouldGetFromTheServer()
    {
        await using var session = await _server.OpenAsync();
        var reported = await session.ReportedAsync("SET time_zone='+01:00', sort_buffer_size=400000, autocommit=1");
        Assert.That(reported.Order(), Is.EqualTo(new[] { "autocommit=ON", "time_zone=+01:00" }));
        Assert.That(await session.ReportedAsync("USE shop"), Is.EqualTo(new[] { "=shop" }));
    }
}
