using Serverless.Host.Compute;
using Serverless.Tests.Integration.EndToEnd;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Compute;

/// <summary>A local engine starts, serves only its owner, and stops so that the next start has nothing to mend.</summary>
[TestFixtureSource(typeof(Engines), nameof(Engines.All))]
internal sealed class StartAndStopTests(string? program)
{
    [Test]
    public async Task Start_AnswersSqlAndSaysHowLongEachPartTook()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        var result = await engine.Compute.StartAsync(TestEngine.Small, CancellationToken.None);
        var view = await engine.Compute.ObserveAsync(CancellationToken.None);

        Assert.That(result, Is.InstanceOf<EffectResult.Done>(), $"{result}");
        Assert.That(((EffectResult.Done)result).PhasesMs.Keys, Is.SupersetOf(new[] { "prepare", "spawn", "engine", "login" }));
        Assert.That(view.State, Is.EqualTo(ComputeState.Serving));
        Assert.That(view.Size, Is.EqualTo(TestEngine.Small));
        Assert.That(view.Address!.UnixSocket, Is.EqualTo(engine.Socket));
        Assert.That(await engine.AskAsync("SELECT 40 + 2"), Is.EqualTo("42"));
    }

    [Test]
    public async Task Start_OpensNoNetworkPort()
    {
        await using var engine = await TestEngine.StartAsync(program);
        Assert.That(await engine.AskAsync("SELECT @@skip_networking"), Is.EqualTo("1"));
    }

    [Test]
    public async Task Start_TheSocketIsInAFolderOfItsOwnerOnly()
    {
        await using var engine = await TestEngine.StartAsync(program);
        var mode = File.GetUnixFileMode(Path.GetDirectoryName(engine.Socket)!);
        Assert.That(mode, Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute));
    }

    [Test]
    public async Task Start_TheEngineHasASessionOfItsOwn()
    {
        await using var engine = await TestEngine.StartAsync(program);
        var pid = engine.ProcessId()!.Value;
        // proc(5): the sixth field of stat is the session.
        var fields = (await File.ReadAllTextAsync($"/proc/{pid}/stat")).Split(") ")[1].Split(' ');
        Assert.That(fields[3], Is.EqualTo($"{pid}"));
    }

    [Test]
    public async Task Stop_ThenStart_NeedsNoRecovery()
    {
        await using var engine = await TestEngine.StartAsync(program);
        await engine.AskAsync("CREATE DATABASE d");
        await engine.AskAsync("CREATE TABLE d.t (a INT PRIMARY KEY) SELECT 1 AS a");
        await engine.StopAsync();
        Assert.That(engine.ProcessId(), Is.Null);
        Assert.That((await engine.Compute.ObserveAsync(CancellationToken.None)).State, Is.EqualTo(ComputeState.Gone));

        var before = engine.Log.Length;
        await engine.StartAsync();
        Assert.That(await engine.AskAsync("SELECT a FROM d.t"), Is.EqualTo("1"));
        Assert.That(engine.Log[before..], Does.Not.Contain("rash recovery"));
    }

    [Test]
    public async Task Stop_ThenStart_TheBufferPoolIsWarm()
    {
        await using var engine = await TestEngine.StartAsync(program);
        await engine.AskAsync("CREATE DATABASE d");
        await engine.AskAsync("CREATE TABLE d.t (id INT AUTO_INCREMENT PRIMARY KEY, filler CHAR(200) NOT NULL)");
        await engine.AskAsync("INSERT INTO d.t (filler) SELECT REPEAT('x', 200) FROM information_schema.COLLATIONS a, information_schema.COLLATIONS b LIMIT 20000");
        const string pages = "SELECT COUNT(*) FROM information_schema.INNODB_BUFFER_PAGE WHERE TABLE_NAME LIKE '%`t`'";
        var before = int.Parse((await engine.AskAsync(pages))!, System.Globalization.CultureInfo.InvariantCulture);
        await engine.StopAsync();
        await engine.StartAsync();
        // The list of pages names a table only once it has been opened; this reads its first page alone.
        await engine.AskAsync("SELECT id FROM d.t ORDER BY id LIMIT 1");

        var after = 0;
        await Eventually.HoldsAsync(
            async () => (after = int.Parse((await engine.AskAsync(pages))!, System.Globalization.CultureInfo.InvariantCulture)) >= before * 9 / 10,
            TimeSpan.FromSeconds(30),
            () => Task.FromResult($"{before} pages of the table were cached, and {after} are"));
        Assert.That(before, Is.GreaterThan(200), "the table was in the pool at all");
    }

    [Test]
    public async Task Stop_NothingRuns_IsDone()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        await engine.StopAsync();
    }

    [Test]
    public async Task Stop_TheEngineHangs_IsKilledWithinTheBound()
    {
        await using var engine = await TestEngine.StartAsync(program, options => options with { StopLimit = TimeSpan.FromSeconds(1), StatementLimit = TimeSpan.FromSeconds(1) });
        await engine.SignalAsync("STOP");
        await engine.StopAsync();
        Assert.That(engine.ProcessId(), Is.Null);
    }

    [Test]
    public async Task Start_ABadEngineArgument_FailsWithTheEnginesOwnWords()
    {
        await using var engine = await TestEngine.OpenAsync(program, options => options with { EngineArguments = ["--no-such-option=1"] });
        var result = await engine.Compute.StartAsync(TestEngine.Small, CancellationToken.None);
        Assert.That(result, Is.InstanceOf<EffectResult.Failed>());
        Assert.That(((EffectResult.Failed)result).Reason, Does.Contain("no-such-option"));
    }

    [Test]
    public async Task Start_ASizeTooSmallToLiveIn_StillServes()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        Assert.That(await engine.Compute.StartAsync(new(100, 16L << 20), CancellationToken.None), Is.InstanceOf<EffectResult.Done>());
        Assert.That(await engine.AskAsync("SELECT 1"), Is.EqualTo("1"));
    }

    [Test]
    public async Task Start_ThePasswordOfTheServiceAccountIsLost_MakesANewOne()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        File.Delete(Path.Combine(engine.Folder, "service-account"));
        await engine.StartAsync();
        Assert.That(await engine.Compute.FindForeignWorkAsync(CancellationToken.None), Is.Null);
    }

    [Test]
    public async Task Start_ThePasswordOfTheServiceAccountIsWrong_MendsTheAccount()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        await File.WriteAllTextAsync(Path.Combine(engine.Folder, "service-account"), "wrong");
        await engine.StartAsync();
        Assert.That((await engine.Compute.ObserveAsync(CancellationToken.None)).State, Is.EqualTo(ComputeState.Serving));
    }

    [Test]
    public async Task Start_WaitAbandoned_IsFoundServingLater()
    {
        using var folder = new TemporaryDirectory();
        string hold = folder["hold"];
        await File.WriteAllTextAsync(hold, "");
        string held = await EngineScript.WriteAsync(folder.Path, $"case \"$*\" in *--socket=*) while [ -e '{hold}' ]; do sleep 0.05; done;; esac", program);
        await using var engine = await TestEngine.OpenAsync(program, options => options with { EnginePath = held });
        using var abandoned = new CancellationTokenSource();
        var start = engine.Compute.StartAsync(TestEngine.Small, abandoned.Token).AsTask();
        await Eventually.HoldsAsync(() => Task.FromResult(engine.ProcessId() is not null), TimeSpan.FromSeconds(30), () => Task.FromResult("the engine's process is there"));
        await abandoned.CancelAsync();
        await Assert.ThatAsync(() => start, Throws.InstanceOf<OperationCanceledException>());
        File.Delete(hold);
        await Eventually.HoldsAsync(
            async () => (await engine.Compute.ObserveAsync(CancellationToken.None)).State == ComputeState.Serving,
            TimeSpan.FromSeconds(60),
            async () => $"the engine that was being started serves, but it is {await engine.Compute.ObserveAsync(CancellationToken.None)}");
        Assert.That(await engine.Compute.StartAsync(TestEngine.Small, CancellationToken.None), Is.InstanceOf<EffectResult.Done>());
    }
}
