using Serverless.Host.Compute;
using Serverless.Tests.Integration.EndToEnd;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Compute;

/// <summary>An engine that ends unasked is noticed, and one that an earlier gateway left is never doubled.</summary>
[TestFixtureSource(typeof(Engines), nameof(Engines.All))]
internal sealed class CrashAndOrphanTests(string? program)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    [Test]
    public async Task Killed_IsToldAtOnceAndStartsAgainWithAllThatWasCommitted()
    {
        await using var engine = await TestEngine.StartAsync(program);
        var crashed = new TaskCompletionSource<string>();
        engine.Compute.Crashed += crashed.SetResult;
        await engine.AskAsync("CREATE DATABASE d");
        await engine.AskAsync("CREATE TABLE d.t (a INT PRIMARY KEY)");
        await engine.AskAsync("INSERT INTO d.t VALUES (7)");
        await engine.SignalAsync("KILL");

        Assert.That(await crashed.Task.WaitAsync(Bound), Does.Contain("killed by signal 9 (SIGKILL)"));
        Assert.That((await engine.Compute.ObserveAsync(CancellationToken.None)).State, Is.EqualTo(ComputeState.Gone));
        await engine.StartAsync();
        Assert.That(await engine.AskAsync("SELECT a FROM d.t"), Is.EqualTo("7"));
    }

    [Test]
    public async Task StoppedBySomebodyElse_IsToldWithItsExitCode()
    {
        await using var engine = await TestEngine.StartAsync(program);
        var crashed = new TaskCompletionSource<string>();
        engine.Compute.Crashed += crashed.SetResult;
        await engine.SignalAsync("TERM");
        Assert.That(await crashed.Task.WaitAsync(TimeSpan.FromSeconds(60)), Does.Contain("exit code 0"));
    }

    [Test]
    public async Task Hanging_IsKilledAfterItsLimit_AndToldAsACrash()
    {
        await using var engine = await TestEngine.StartAsync(program, Hasty);
        var crashed = new TaskCompletionSource<string>();
        engine.Compute.Crashed += crashed.SetResult;
        await engine.SignalAsync("STOP");
        Assert.That((await engine.Compute.ObserveAsync(CancellationToken.None)).State, Is.EqualTo(ComputeState.Serving), "it may only be slow");
        await Eventually.HoldsAsync(
            async () =>
            {
                await engine.Compute.ObserveAsync(CancellationToken.None);
                return crashed.Task.IsCompleted;
            }, TimeSpan.FromSeconds(60), () => Task.FromResult("a crash is told"));
        Assert.That(await crashed.Task, Does.Contain("killed by signal 9 (SIGKILL)"));
        await engine.StartAsync();
        Assert.That(await engine.AskAsync("SELECT 7"), Is.EqualTo("7"));
    }

    [Test]
    public async Task SilentForAWhile_IsLeftAlone()
    {
        await using var engine = await TestEngine.StartAsync(program, Hasty);
        var pid = engine.ProcessId();
        for (var i = 0; i < 3; i++)
        {
            await engine.SignalAsync("STOP");
            await engine.Compute.ObserveAsync(CancellationToken.None);
            await engine.SignalAsync("CONT");
            await Eventually.HoldsAsync(
                async () => (await engine.Compute.ObserveAsync(CancellationToken.None)).State == ComputeState.Serving && await engine.AskAsync("SELECT 7") == "7",
                TimeSpan.FromSeconds(30), () => Task.FromResult("it answers"));
        }
        Assert.That(engine.ProcessId(), Is.EqualTo(pid));
    }

    [Test]
    public async Task SlowInStatementsOfTheGatewaysOwn_IsNotSilent()
    {
        await using var engine = await TestEngine.StartAsync(program, options => Hasty(options) with { StatementLimit = TimeSpan.FromSeconds(3), SilenceLimit = TimeSpan.FromMilliseconds(1) });
        var pid = engine.ProcessId();
        using var end = new CancellationTokenSource();
        // As one that waits for a lock of somebody else's.
        var slow = KeepBusyAsync();
        for (var i = 0; i < 3; i++) Assert.That((await engine.Compute.ObserveAsync(CancellationToken.None)).State, Is.EqualTo(ComputeState.Serving));
        await end.CancelAsync();
        await slow;
        Assert.That(engine.ProcessId(), Is.EqualTo(pid));

        async Task KeepBusyAsync()
        {
            var sql = engine.Compute.Running.Sql;
            while (!end.IsCancellationRequested) await sql.QueryAsync("SELECT SLEEP(4)", CancellationToken.None, within: TimeSpan.FromSeconds(30));
        }
    }

    private static Serverless.Host.Compute.Local.LocalComputeOptions Hasty(Serverless.Host.Compute.Local.LocalComputeOptions options) => options with { StatementLimit = TimeSpan.FromSeconds(1), SilenceLimit = TimeSpan.FromSeconds(6) };

    [Test]
    public async Task StoppedByUs_IsNoCrash()
    {
        await using var engine = await TestEngine.StartAsync(program);
        var crashes = 0;
        engine.Compute.Crashed += _ => Interlocked.Increment(ref crashes);
        await engine.StopAsync();
        await engine.StartAsync();
        Assert.That(crashes, Is.Zero);
    }

    [Test]
    public async Task Orphan_IsFoundServingAsItIs()
    {
        await using var engine = await TestEngine.StartAsync(program);
        var pid = engine.ProcessId();
        await engine.ReopenAsync();
        var view = await engine.Compute.ObserveAsync(CancellationToken.None);
        Assert.That(view.State, Is.EqualTo(ComputeState.Serving));
        Assert.That(view.Size, Is.EqualTo(TestEngine.Small));
        Assert.That(engine.ProcessId(), Is.EqualTo(pid));
    }

    [Test]
    public async Task Orphan_WithoutARecordOfIt_IsTakenOverByAStart()
    {
        await using var engine = await TestEngine.StartAsync(program);
        var pid = engine.ProcessId();
        await engine.ReopenAsync();
        File.Delete(Path.Combine(engine.Folder, "engine.process"));
        await engine.StartAsync();
        Assert.That(engine.ProcessId(), Is.EqualTo(pid));
        Assert.That((await engine.Compute.ObserveAsync(CancellationToken.None)).Size, Is.EqualTo(TestEngine.Small));
    }

    [Test]
    public async Task Orphan_CrashesLater_IsTold()
    {
        await using var engine = await TestEngine.StartAsync(program);
        await engine.ReopenAsync();
        var crashed = new TaskCompletionSource<string>();
        engine.Compute.Crashed += crashed.SetResult;
        await engine.Compute.ObserveAsync(CancellationToken.None);
        await engine.SignalAsync("KILL");
        Assert.That(await crashed.Task.WaitAsync(Bound), Does.Contain("ended").Or.Contain("killed"));
    }

    [Test]
    public async Task Orphan_ThatDoesNotAnswer_IsStoppedAndAnotherStarted()
    {
        await using var engine = await TestEngine.StartAsync(program);
        var pid = engine.ProcessId();
        await engine.SignalAsync("STOP");
        await engine.ReopenAsync(options => options with { HurriedStopLimit = TimeSpan.FromSeconds(1), StatementLimit = TimeSpan.FromSeconds(1), AdoptLimit = TimeSpan.FromSeconds(2) });
        await engine.StartAsync();
        Assert.That(engine.ProcessId(), Is.Not.Null.And.Not.EqualTo(pid));
    }

    [Test]
    public async Task ToolAtWorkOnTheData_IsNoOrphan()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        using var tool = EngineProcess.Start("perl", ["-e", "sleep 100", "aria_chk", $"--datadir={Path.Combine(engine.Folder, "data")}"]);
        await engine.ReopenAsync();
        Assert.That((await engine.Compute.ObserveAsync(CancellationToken.None)).State, Is.EqualTo(ComputeState.Gone));
        await engine.StartAsync();
        Assert.That(tool.HasExited, Is.False);
    }

    [Test]
    public async Task ProcessOfSomebodyElseThatLooksLikeIt_IsNoOrphan()
    {
        if (Environment.UserName != "root") Assert.Ignore("only root can run a process of another user");
        await using var engine = await TestEngine.OpenAsync(program);
        using var other = EngineProcess.Start(
            "setpriv", ["--reuid=65534", "--clear-groups", "perl", "-e", "sleep 100", "mariadbd", $"--datadir={Path.Combine(engine.Folder, "data")}", $"--socket={engine.Socket}", "--pid-file=x"]);
        await engine.ReopenAsync();
        Assert.That((await engine.Compute.ObserveAsync(CancellationToken.None)).State, Is.EqualTo(ComputeState.Gone));
        await engine.StartAsync();
        Assert.That(other.HasExited, Is.False);
    }

    [Test]
    public async Task Orphan_OfUnknownSize_IsNotLimitedBelowWhatItHasResident()
    {
        await using var engine = await TestEngine.StartAsync(program);
        await engine.AskAsync("SET GLOBAL innodb_buffer_pool_dump_at_shutdown = OFF");
        await engine.ReopenAsync();
        File.Delete(Path.Combine(engine.Folder, "engine.process"));
        Assert.That(await engine.Compute.StartAsync(new ComputeSize(500, 64L << 20), CancellationToken.None), Is.InstanceOf<EffectResult.Done>());
        Assert.That(await engine.AskAsync("SELECT 1"), Is.EqualTo("1"), "it was not killed for its memory");
    }

    [Test]
    public async Task AnotherProcessHasTheRecordedNumber_IsLeftAlone()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        var self = Environment.ProcessId;
        await File.WriteAllTextAsync(Path.Combine(engine.Folder, "engine.process"), $$"""{"pid":{{self}},"startTicks":1,"cpuMillicores":1,"memoryBytes":1}""");
        Assert.That((await engine.Compute.ObserveAsync(CancellationToken.None)).State, Is.EqualTo(ComputeState.Gone));
    }
}
