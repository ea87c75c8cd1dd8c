using Serverless.Core;
using Serverless.Host.Control;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Control;

/// <summary>What a gateway that starts again finds, and what one that ends leaves behind.</summary>
public sealed class RestartTests
{
    private string _home = null!;

    [SetUp]
    public void MakeHome() => _home = Directory.CreateTempSubdirectory("serverless-restart-").FullName;

    [TearDown]
    public void RemoveHome() => Directory.Delete(_home, recursive: true);

    [Test]
    public async Task FirstStart_RunsTheComputeOnceSoThatThereAreAccounts()
    {
        await using Rig rig = await Rig.StartAsync(home: _home);
        Assert.That(rig.Phase, Is.EqualTo("running"));
        Assert.That(rig.Gateway.Accounts!.Accounts, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task FirstStart_ThatFails_IsAnErrorOfTheStart()
    {
        Rig? rig = null;
        DatabaseStartException? failure = await Assert.ThrowsAsync<DatabaseStartException>(() => Rig.StartAsync(home: _home, prepare: prepared =>
        {
            rig = prepared;
            prepared.Compute.Start = () => new Host.Compute.EffectResult.Failed("no such engine");
        }));
        Assert.That(failure!.Message, Does.Contain("no such engine"));
        Assert.That(rig!.Gateway.IsControlled, Is.False, "nobody drives the gateway any more");
        Assert.That(rig.Compute.IsDisposed, "the data directory is given back");
    }

    [Test]
    public async Task FirstStart_WhoseAccountsCannotBeRead_LeavesNoComputeBehind()
    {
        Rig? rig = null;
        await Assert.ThrowsAsync<InvalidOperationException>(() => Rig.StartAsync(home: _home, prepare: prepared =>
        {
            rig = prepared;
            prepared.Compute.IsRunning = true;
            prepared.Compute.ReadAccounts = () => throw new InvalidOperationException("access denied");
        }));
        Assert.That(rig!.Compute.IsRunning, Is.False);
        Assert.That(rig.Gateway.IsControlled, Is.False);
    }

    [Test]
    public async Task FirstStart_UnderRulesThatLetItSleepAtOnce_Ends()
    {
        await using Rig rig = await Rig.StartAsync(Rig.Sleepy.Replace("idle >= 300ms", "idle >= 0ms", StringComparison.Ordinal), home: _home).WaitAsync(TimeSpan.FromSeconds(20));
        await rig.PhaseIsAsync("suspended");
    }

    [Test]
    public async Task Asleep_StaysAsleepAndKnowsItsAccounts()
    {
        await using (Rig before = await Rig.StartAsync(home: _home))
        {
            await before.CommandAsync(at => Inputs.Suspend(at, "test"));
            await before.PhaseIsAsync("suspended");
        }

        await using Rig rig = await Rig.StartAsync(home: _home);
        Assert.That(rig.Phase, Is.EqualTo("suspended"));
        Assert.That(rig.Compute.Starts, Is.Zero);
        Assert.That(rig.Gateway.Accounts!.Accounts[0].User, Is.EqualTo("app"));
    }

    [Test]
    public async Task EngineThatOutlivedTheGateway_IsTakenOver()
    {
        await using (Rig before = await Rig.StartAsync(home: _home))
        {
            await before.CommandAsync(at => Inputs.Suspend(at, "test"));
            await before.PhaseIsAsync("suspended");
        }

        await using Rig rig = await Rig.StartAsync(home: _home, prepare: rig => rig.Compute.IsRunning = true);
        Assert.That(rig.Phase, Is.EqualTo("running"));
        Assert.That(rig.Gateway.IsOpen);
        Assert.That(rig.Compute.Starts, Is.Zero);
    }

    [Test]
    public async Task EngineThatDiedWithTheGateway_IsFoundAsleep()
    {
        await using (await Rig.StartAsync(home: _home))
        {
        }

        await using Rig rig = await Rig.StartAsync(home: _home);
        Assert.That(rig.Phase, Is.EqualTo("suspended"));
        rig.Gateway.HoldStatement();
        await rig.PhaseIsAsync("running");
    }

    [Test]
    public async Task Pause_SurvivesARestart()
    {
        await using (Rig before = await Rig.StartAsync(home: _home))
        {
            await before.CommandAsync(at => Inputs.Pause(at, "test"));
        }

        await using Rig rig = await Rig.StartAsync(home: _home);
        Assert.That(rig.Status.Paused);
    }

    [Test]
    public async Task StateThatCannotBeRead_IsBegunAnew()
    {
        Directory.CreateDirectory(Path.Combine(_home, "data"));
        await File.WriteAllTextAsync(Path.Combine(_home, "data", "state.json"), "{ \"version\": 1, ");
        await using Rig rig = await Rig.StartAsync(home: _home);
        Assert.That(rig.Phase, Is.EqualTo("running"));
    }

    [Test]
    public async Task Stop_DrainsAndLeavesTheComputeStopped()
    {
        await using Rig rig = await Rig.StartAsync(home: _home);
        rig.Calls.Clear();
        await rig.Database.StopAsync(CancellationToken.None);
        Assert.That(rig.Calls.All, Is.EqualTo(new[] { "drain by operator", "guard", "stop", "close" }));
        Assert.That(rig.Phase, Is.EqualTo("suspended"));
    }

    [Test]
    public async Task Stop_ComesAboutAlsoWhereASuspendIsRefused()
    {
        await using Rig rig = await Rig.StartAsync(home: _home, prepare: rig => rig.Compute.ForeignWork = "a backup of mallory runs");
        await rig.Database.StopAsync(CancellationToken.None);
        Assert.That(rig.Compute.IsRunning, Is.False);
        Assert.That(rig.Phase, Is.EqualTo("suspended"));
    }

    [Test]
    public async Task Stop_InAHurry_StopsAllTheSame()
    {
        await using Rig rig = await Rig.StartAsync(home: _home);
        await rig.Database.StopAsync(new CancellationToken(canceled: true));
        Assert.That(rig.Calls.All, Has.Member("stop in a hurry"));
    }

    [Test]
    public async Task Stop_HurriedWhileTheEngineTakesItsTime_StopsItQuickly()
    {
        var stopping = new TaskCompletionSource();
        await using Rig rig = await Rig.StartAsync(home: _home, prepare: rig => rig.Compute.Stopping = async (hurry, cancellation) =>
        {
            if (!hurry)
            {
                stopping.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            }
        });
        using var hurry = new CancellationTokenSource();
        Task stopped = rig.Database.StopAsync(hurry.Token);
        await stopping.Task;
        await hurry.CancelAsync();
        await stopped.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.That(rig.Calls.All, Has.Member("stop in a hurry"));
        Assert.That(rig.Phase, Is.EqualTo("suspended"));
    }

    [Test]
    public async Task Stop_WhileTheComputeIsBeingStarted_DoesNotWaitForIt()
    {
        await using Rig rig = await Rig.AsleepAsync();
        var starting = new TaskCompletionSource();
        rig.Compute.Starting = cancellation =>
        {
            starting.SetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
        };
        rig.Gateway.HoldStatement();
        await starting.Task;
        // the host has sent its clients away by then
        rig.Gateway.Set(reading => reading with { Held = 0 });
        await rig.Database.StopAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.That(rig.Phase, Is.EqualTo("suspended"));
    }

    /// <summary>An operator's command that comes as the gateway ends.</summary>
    [Test]
    public async Task Command_ToADatabaseThatIsControlledNoMore_IsAnswered_AndItsEndComes()
    {
        await using Rig rig = await Rig.StartAsync(home: _home);
        TaskCompletionSource looking = new(), looked = new();
        rig.Compute.Observing = () =>
        {
            looking.TrySetResult();
            return looked.Task;
        };
        rig.Compute.Change();
        await looking.Task;
        Task ended = rig.Database.DisposeAsync().AsTask();
        await Rig.HoldsAsync(() => !rig.Gateway.IsControlled, () => "its loop has ended");
        ControlEndedException? e = await Assert.ThrowsAsync<ControlEndedException>(() => rig.CommandAsync(at => Inputs.Pause(at, "test")).WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.That(e!.Message, Is.EqualTo("the database test is not controlled any more"));
        looked.SetResult();
        await ended.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Test]
    public async Task AccountsThatChanged_AreReadAgainAndKept()
    {
        await using (Rig before = await Rig.StartAsync(home: _home))
        {
            before.Compute.Accounts = [.. before.Compute.Accounts, new Account("second", "%", "mysql_native_password", "*11", Locked: false, PasswordExpired: false, RequiresTls: false)];
            before.Gateway.ChangeAccounts();
            await Rig.HoldsAsync(() => before.Gateway.Accounts!.Accounts.Count == 2, () => "two accounts");
        }

        await using Rig rig = await Rig.StartAsync(home: _home);
        Assert.That(rig.Gateway.Accounts!.Accounts.Select(one => one.User), Does.Contain("second"));
    }
}
