using Microsoft.Extensions.Logging;
using Serverless.Core;
using Serverless.Host.Compute;
using Serverless.Host.Compute.Kubernetes.Fleet.Commands;
using Serverless.Host.Control.Audit;
using Serverless.Host.Control.Fleet;
using Serverless.Host.Control.Measuring;
using Serverless.Host.Control.Policies;
using Serverless.Host.Control.Settings;
using Serverless.Host.Gateway;
using Serverless.Host.Gateway.Authentication;

namespace Serverless.Host.Control;

/// <summary>One database under control: its loop, and everything that runs beside it.</summary>
internal sealed class Database : IAsyncDisposable
{
    /// <summary>In its directory: what is known of the engine.</summary>
    internal const string AccountsFile = "accounts.json";

    /// <summary>In its directory: where it is to go on, unless a fleet keeps that.</summary>
    internal const string StateFile = "state.json";

    /// <summary>For a first start among several gateways that keeps failing.</summary>
    private static readonly TimeSpan s_startPatience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan s_followLimit = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _end = new();
    private readonly CancellationTokenSource _endOfKeeping = new();
    private readonly RuleFolderWatch _watch;
    private readonly ControllerParts _parts;
    private readonly PolicySource _rules;
    private Task _work = Task.CompletedTask;
    private Task _keeping = Task.CompletedTask;
    private bool _disposed;

    private readonly FleetMember? _member;
    private readonly LedCommands? _led;

    private Database(
        DatabaseSettings settings, IGatewayDatabase gateway, FleetMember? member, ControllerParts parts, DatabaseController controller, PolicySource rules, RuleFolderWatch watch, ILogger<LedCommands> logger)
    {
        (Settings, Gateway, _member, _parts, Controller, _rules, _watch) = (settings, gateway, member, parts, controller, rules, watch);
        if (member is not null)
        {
            Passed = new PassedCommands(member.Commands, member.Look, member.Identity, member.WhyGone, parts.Time);
            _led = new LedCommands(member.Commands, member.Look, member.Identity, member.WhyGone, member.IsAlive, controller, parts.Time, logger, _end.Token);
        }
    }

    public DatabaseSettings Settings { get; }

    public DatabaseController Controller { get; }

    /// <summary>The sessions of this gateway.</summary>
    public IGatewayDatabase Gateway { get; }

    /// <summary>What all gateways do with it together; this one's own where it is alone.</summary>
    public ActivityReading ReadAll() => _parts.Gateway.Read();

    /// <summary>The gateways that serve it; null: this one is alone.</summary>
    public FleetReading? ReadFleet() => _member?.Read();

    /// <summary>The way of an operator's command to the gateway that leads; null: this one is alone.</summary>
    public PassedCommands? Passed { get; }

    public ICompute Compute => _parts.Compute;

    public TimeProvider Time => _parts.Time;

    /// <summary>The files of its audit log, the oldest first.</summary>
    public IReadOnlyList<string> AuditFiles => AuditLog.AuditFiles(AuditFolder(Settings));

    /// <summary>What the metrics of the user's gave last.</summary>
    public IReadOnlyList<UserMetricReading> UserMetrics => _parts.UserMetrics.Readings;

    /// <summary>Why the rule files as they are now are not in force; null: they are.</summary>
    public string? PolicyError => _watch.Error;

    /// <summary>Reads rules and kept state. Starts nothing.</summary>
    /// <param name="member">What it is among several gateways; null: this one is alone, and its state is kept in its directory.</param>
    /// <param name="rulesFolder">The folder of its rules as other databases share it; null: it has one of its own.</param>
    /// <exception cref="RuleFolderException">The rules cannot be used.</exception>
    public static async Task<Database> OpenAsync(
        DatabaseSettings settings, IGatewayDatabase gateway, ICompute compute, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellation, FleetMember? member = null,
        RuleFolder? rulesFolder = null)
    {
        IGatewayDatabase all = member?.Gate ?? gateway;
        var watch = new RuleFolderWatch(rulesFolder ?? new RuleFolder(settings.Rules), settings.Policy, (long?)compute.UsageStale?.TotalMilliseconds, time, loggers.CreateLogger<RuleFolderWatch>());
        PolicySource rules = await watch.LoadAsync(cancellation);
        Directory.CreateDirectory(settings.Data);
        var memory = new EngineMemoryKeeper(
            all, compute, new AccountStore(Path.Combine(settings.Data, AccountsFile), loggers.CreateLogger<AccountStore>()), member?.Memory, time, loggers.CreateLogger<EngineMemoryKeeper>());
        await memory.LoadAsync(cancellation);
        var file = new FileStateStore(Path.Combine(settings.Data, StateFile));
        var keeper = member is null
            ? new StateKeeper(file, time, loggers.CreateLogger<StateKeeper>())
            : new StateKeeper(member.States, time, loggers.CreateLogger<StateKeeper>(), before: file);
        State state = await keeper.LoadAsync(rules.Policy, cancellation) ?? Kernel.Initial(rules.Policy, time.GetUtcNow().ToUnixTimeMilliseconds());
        var runner = new EffectRunner(all, compute, memory, settings.Limits.DrainFor, time, loggers.CreateLogger<EffectRunner>());
        var audit = new AuditLog(AuditFolder(settings), settings.Name, settings.Limits.AuditBytes, loggers.CreateLogger<AuditLog>());
        var userMetrics = new UserMeter(settings.Name, compute, time, loggers.CreateLogger<UserMeter>());
        var parts = new ControllerParts(all, compute, memory, runner, new UsageMeter(compute, time), userMetrics, keeper, audit, time, settings.Shadow, member);
        member?.Gate.Return();
        return new Database(
            settings, gateway, member, parts, new DatabaseController(parts, rules, state, loggers.CreateLogger<DatabaseController>()), rules, watch, loggers.CreateLogger<LedCommands>());
    }

    /// <summary>Takes control: finds out what is, and on the first start of all runs the compute once, so that there are accounts to let clients in by.</summary>
    /// <param name="known">Called once it can tell of itself, while a first start may still take a while.</param>
    /// <param name="amongOthers">It is one of several, which need not end because its compute cannot be started.</param>
    /// <returns>Null: fine. Otherwise why the compute, which had to be started, could not be: the database is under control, and its next start may go better.</returns>
    /// <exception cref="DatabaseStartException">So it was with the only database: nothing of it runs on.</exception>
    /// <exception cref="OperationCanceledException">Cancelled: it is under control as far as it got, and to be stopped.</exception>
    public async Task<string?> StartAsync(CancellationToken cancellation, Action? known = null, bool amongOthers = false)
    {
        try
        {
            return await BeginAsync(known, amongOthers, cancellation);
        }
        catch when (!cancellation.IsCancellationRequested)
        {
            await using (this)
            {
                await StopAsync(new CancellationToken(canceled: true));
            }

            throw;
        }
    }

    /// <summary>Waits, some seconds at most, until this gateway has heard of what another one did of a command.</summary>
    public async Task FollowAsync(CommandNote answer, CancellationToken cancellation)
    {
        long began = Time.GetTimestamp();
        while (answer.Phase is { } phase && Time.GetElapsedTime(began) < s_followLimit && Controller.Report is { } report)
        {
            StateView view = Kernel.View(report.State, Controller.Now);
            if (view.PhaseName == phase && view.Paused == answer.Paused)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), Time, cancellation);
        }
    }

    private static string AuditFolder(DatabaseSettings settings) => Path.Combine(settings.Data, "audit");

    /// <summary>Stops the compute, cleanly; see <see cref="DatabaseController.StopAsync"/>.</summary>
    public Task StopAsync(CancellationToken hurry)
    {
        if (_disposed)
        {
            return Task.CompletedTask;
        }

        // from here on its gate is closed for this gateway alone, which the others need not agree to
        _member?.Gate.Leave();
        return Controller.StopAsync(Settings.Limits.DrainFor, hurry);
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _parts.Gateway.AccountsChanged -= _parts.Memory.RefreshSoon;
        if (_member is not null && _led is not null)
        {
            _member.Heard -= Passed!.Hear;
            _member.Heard -= _led.Look;
            _member.Changed -= _led.Look;
        }

        await _end.CancelAsync();
        await EndAsync(_work);
        await _endOfKeeping.CancelAsync();
        await EndAsync(_keeping);
        Controller.Dispose();
        _parts.Memory.Dispose();
        await Compute.DisposeAsync();
        _end.Dispose();
        _endOfKeeping.Dispose();
    }

    private async Task<string?> BeginAsync(Action? known, bool amongOthers, CancellationToken cancellation)
    {
        _keeping = Task.WhenAll(_parts.Keeper.RunAsync(_endOfKeeping.Token), _parts.Audit.RunAsync(_endOfKeeping.Token));
        Task controlled = Controller.RunAsync(_end.Token);
        _work = controlled;
        Rehearsal.Run(_rules, Time);
        await Controller.FindTruthAsync(cancellation);
        _parts.Gateway.UseControl(new SqlControl(Controller, Passed));
        if (_member is not null && _led is not null)
        {
            _member.Heard += Passed!.Hear;
            _member.Heard += _led.Look;
            _member.Changed += _led.Look;
            _led.Look();
        }

        known?.Invoke();
        string? failed = null;
        if (!_parts.Memory.IsKnown || _parts.Shadow)
        {
            failed = await RunFirstAsync(_parts.Shadow ? "shadow mode" : "first start", cancellation);
            if (failed is not null && !amongOthers)
            {
                throw new DatabaseStartException(failed);
            }
        }

        _parts.Gateway.AccountsChanged += _parts.Memory.RefreshSoon;
        _work = Task.WhenAll(
            controlled, Controller.LeadAsync(_end.Token), Controller.ObserveAsync(_end.Token), Controller.MeasureAsync(_end.Token), _parts.Memory.RunAsync(_end.Token), _watch.RunAsync(Controller.UseRules, _end.Token));
        return failed;
    }

    /// <summary>Of several gateways another one may put to sleep what this one starts, since it knows the accounts already and nobody uses the database: then it is begun again.</summary>
    private async Task<string?> RunFirstAsync(string by, CancellationToken cancellation)
    {
        long began = Time.GetTimestamp();
        while (true)
        {
            string? failed = await RunOnceAsync(by, cancellation);
            if (failed is null || _member is null || Time.GetElapsedTime(began) > s_startPatience)
            {
                return failed;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), Time, cancellation);
        }
    }

    private async Task<string?> RunOnceAsync(string by, CancellationToken cancellation)
    {
        await Controller.TellAsync(at => Inputs.Resume(at, size: null, by));
        while (true)
        {
            ControllerReport report = Controller.Report!;
            // rules that let it sleep at once may have done so between two looks
            if (report.Decision.Phase.IsRunning || report.Starts > 0)
            {
                return null;
            }

            if (report.Decision.Phase.IsFailed)
            {
                return $"the compute of database `{Settings.Name}` could not be started: {report.LastEffect?.Reason}";
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), Time, cancellation);
        }
    }

    private static async Task EndAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (Exception e) when (e is OperationCanceledException or ControlEndedException)
        {
            // that is how it ends
        }
    }
}
