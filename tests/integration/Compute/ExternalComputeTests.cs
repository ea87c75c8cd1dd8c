using Serverless.Host.Compute;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.External;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Compute;

/// <summary>A server that somebody else runs is looked at and never touched.</summary>
internal sealed class ExternalComputeTests
{
    [Test]
    public async Task Runs_IsServingAndCanBeRead()
    {
        using var server = await MariaDbServer.StartAsync();
        using var loop = new EventLoop("external");
        await using var compute = Open(server, loop);
        var view = await compute.ObserveAsync(CancellationToken.None);
        var usage = await compute.MeasureAsync(CancellationToken.None);
        var accounts = await compute.ReadAccountsAsync(CancellationToken.None);

        Assert.That(view.State, Is.EqualTo(ComputeState.Serving));
        Assert.That(view.Address!.Tcp, Is.EqualTo(server.TcpAddress));
        Assert.That(usage.BufferPoolBytes, Is.GreaterThan(0));
        Assert.That(usage.CpuMillicores, Is.Null, "nobody tells us");
        Assert.That(accounts.Accounts.Select(account => account.User), Has.Member("root"));
    }

    [Test]
    public async Task StopAndResize_AreInfeasibleAndLeaveItAlone()
    {
        using var server = await MariaDbServer.StartAsync();
        using var loop = new EventLoop("external");
        await using var compute = Open(server, loop);
        Assert.That(await compute.StopAsync(hurry: true, CancellationToken.None), Is.InstanceOf<EffectResult.Infeasible>());
        Assert.That(await compute.ResizeAsync(TestEngine.Small, CancellationToken.None), Is.InstanceOf<EffectResult.Infeasible>());
        Assert.That(server.Process.HasExited, Is.False);
    }

    [Test]
    public async Task Gone_IsGoneAndItsStartFailsWithItsAddress()
    {
        using var server = await MariaDbServer.StartAsync();
        using var loop = new EventLoop("external");
        await using var compute = Open(server, loop);
        server.Process.Kill();
        Assert.That((await compute.ObserveAsync(CancellationToken.None)).State, Is.EqualTo(ComputeState.Gone));
        var started = await compute.StartAsync(TestEngine.Small, CancellationToken.None);
        Assert.That(started, Is.InstanceOf<EffectResult.Failed>());
        Assert.That(((EffectResult.Failed)started).Reason, Does.Contain($"{server.TcpAddress}"));
    }

    [Test]
    public async Task ThatRefusesAnotherConnectionOfTheGateways_IsStillServing()
    {
        using var server = await MariaDbServer.StartAsync();
        using var loop = new EventLoop("external");
        await using var compute = Open(server, loop);
        Assert.That((await compute.ObserveAsync(CancellationToken.None)).State, Is.EqualTo(ComputeState.Serving));
        Assert.That((await compute.AskAsync("SELECT 1", CancellationToken.None)).Value, Is.EqualTo("1"));
        await using var own = new EngineSql(loop, new BackendAddress(UnixSocket: null, server.TcpAddress, ReadsProxyHeader: false), "root", "", TimeSpan.FromSeconds(60));
        await own.QueryAsync("SET PASSWORD = PASSWORD('another')", CancellationToken.None);
        var others = await own.QueryAsync("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'root' AND ID <> CONNECTION_ID()", CancellationToken.None);
        Assert.That(others.Rows, Has.Count.EqualTo(2), "the gateway's own connection, and that for the metrics of a policy");
        foreach (var other in others.Rows) await own.QueryAsync($"KILL {other[0]}", CancellationToken.None);
        Assert.That((await compute.ObserveAsync(CancellationToken.None)).State, Is.EqualTo(ComputeState.Serving), "whoever is connected goes on");
        server.Process.Kill();
        Assert.That((await compute.ObserveAsync(CancellationToken.None)).State, Is.EqualTo(ComputeState.Gone));
    }

    private static ExternalCompute Open(MariaDbServer server, EventLoop loop) =>
        new(new ExternalComputeOptions { Name = "test", Address = server.TcpAddress, User = "root", Password = "" }, loop);
}
