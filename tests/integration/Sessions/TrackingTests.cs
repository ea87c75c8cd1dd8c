using System.Text;
using NUnit.Framework;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>A client with session tracking is told through the gateway what the server itself would tell it.</summary>
[CancelAfter(180_000)]
public sealed class TrackingTests
{
    private GatewayUnderTest _gateway = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _gateway = await GatewayUnderTest.StartAsync();
        _gateway.Open();
    }

    [OneTimeTearDown]
    public async Task Stop() => await _gateway.DisposeAsync();

    [TestCase("SET time_zone='+01:00'")]
    [TestCase("SET sql_mode='', sort_buffer_size=400000")]
    [TestCase("SET NAMES latin1, autocommit=1, sql_safe_updates=1")]
    [TestCase("USE shop")]
    [TestCase("SET @x=1")]
    [TestCase("SET session_track_system_variables='sort_buffer_size', sort_buffer_size=500000")]
    [TestCase("SET session_track_system_variables='sort_buffer_size'", "SET sort_buffer_size=500000, time_zone='+02:00'")]
    [TestCase("SET session_track_state_change=ON", "SET @x=1")]
    [TestCase("SET session_track_system_variables='*'", "SET sort_buffer_size=500000, time_zone='+02:00'")]
    public async Task Changes_AreReportedAsTheServerReportsThem(params string[] statements)
    {
        await using var through = await _gateway.ConnectAsync();
        await using var direct = await _gateway.ConnectDirectlyAsync();
        foreach (var sql in statements) Assert.That(await ReportedAsync(through, sql), Is.EquivalentTo(await ReportedAsync(direct, sql)), sql);
    }

    [TestCase("SELECT @@session_track_system_variables, @@session_track_schema")]
    [TestCase("SHOW VARIABLES LIKE 'session_track%'")]
    public async Task TrackerSettings_AreTheServersOwn(string sql)
    {
        await using var through = await _gateway.ConnectAsync();
        await using var direct = await _gateway.ConnectDirectlyAsync();
        Assert.That((await through.QueryAsync(sql, default)).Rows, Is.EqualTo((await direct.QueryAsync(sql, default)).Rows));
        await through.ExecuteAsync("SET sort_buffer_size=400000", default);
        Assert.That((await through.QueryAsync("SELECT @@sort_buffer_size", default)).Scalar, Is.EqualTo("400000"), "the session goes on");
    }

    private static async Task<List<string>> ReportedAsync(EngineClient client, string sql)
    {
        var packet = await client.SendCommandAsync(Command.Query, Encoding.UTF8.GetBytes(sql), default);
        Assert.That(packet[0], Is.EqualTo(OkPacket.Header), sql);
        var changes = new List<string>();
        var reader = new SessionTrackReader(OkPacket.Read(packet, client.Login.Capabilities).SessionState);
        while (reader.Next()) changes.Add($"{reader.Kind} {Encoding.UTF8.GetString(reader.Name)}={Encoding.UTF8.GetString(reader.Value)}");
        return changes;
    }
}
