using Serverless.Host.Compute;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Control;

/// <summary>A compute that is only a flag, and does what it is told to do.</summary>
internal sealed class FakeCompute(CallLog calls) : ICompute
{
    private static readonly EffectResult Done = new EffectResult.Done(new Dictionary<string, double>(StringComparer.Ordinal));

    public event Action<string>? Lost;

    public event Action<string>? Crashed;

    public event Action? Changed;

    public bool EndsWithGateway { get; set; } = true;

    public string Kind => "fake";

    public ComputeSize Capacity { get; set; } = new(16_000, 64L << 30);

    public TimeSpan? UsageStale { get; set; }

    public bool IsRunning { get; set; }

    public ComputeSize? Size { get; set; }

    public int Starts { get; private set; }

    /// <summary>What a start ends with; by default it runs at once.</summary>
    public Func<EffectResult> Start { get; set; } = () => Done;

    public Func<CancellationToken, Task> Starting { get; set; } = _ => Task.CompletedTask;

    /// <summary>Awaited by a stop; told whether it is a hurried one.</summary>
    public Func<bool, CancellationToken, Task> Stopping { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Awaited whenever it is looked at.</summary>
    public Func<Task> Observing { get; set; } = () => Task.CompletedTask;

    public bool IsDisposed { get; private set; }

    public Func<EffectResult> Stop { get; set; } = () => Done;

    public string? ForeignWork { get; set; }

    public ComputeUsage Usage { get; set; } = new(null, null, null, null, new Dictionary<string, long>(StringComparer.Ordinal));

    public string? Answer { get; set; }

    public IReadOnlyList<Account> Accounts { get; set; } = [new Account("app", "%", "mysql_native_password", "*00", Locked: false, PasswordExpired: false, RequiresTls: false)];

    public async ValueTask<ComputeView> ObserveAsync(CancellationToken cancellation)
    {
        await Observing();
        return IsRunning
            ? new ComputeView(ComputeState.Serving, Size, new BackendAddress("/nowhere", Tcp: null, ReadsProxyHeader: false), Detail: null)
            : new ComputeView(ComputeState.Gone, Size: null, Address: null, Detail: null);
    }

    /// <summary>Awaited by a resize, before it is in force.</summary>
    public Func<Task> Resizing { get; set; } = () => Task.CompletedTask;

    public async ValueTask<EffectResult> StartAsync(ComputeSize size, CancellationToken cancellation)
    {
        Starts++;
        calls.Add("start");
        await Starting(cancellation);
        EffectResult result = Start();
        if (result is EffectResult.Done)
        {
            (IsRunning, Size) = (true, size);
        }

        return result;
    }

    public async ValueTask<EffectResult> ResizeAsync(ComputeSize size, CancellationToken cancellation)
    {
        calls.Add($"resize {size.CpuMillicores}m");
        await Resizing();
        Size = size;
        return Done;
    }

    public ValueTask<string?> FindForeignWorkAsync(CancellationToken cancellation)
    {
        calls.Add("guard");
        return ValueTask.FromResult(ForeignWork);
    }

    public string? Hindrance { get; set; }

    public ValueTask<string?> WhyNotStopAsync(CancellationToken cancellation) => ValueTask.FromResult(Hindrance);

    public async ValueTask<EffectResult> StopAsync(bool hurry, CancellationToken cancellation)
    {
        calls.Add(hurry ? "stop in a hurry" : "stop");
        await Stopping(hurry, cancellation);
        EffectResult result = Stop();
        IsRunning = result is not EffectResult.Done;
        return result;
    }

    public ValueTask<ComputeUsage> MeasureAsync(CancellationToken cancellation) => ValueTask.FromResult(Usage);

    public Func<IReadOnlyList<Account>>? ReadAccounts { get; set; }

    public ValueTask<AccountSnapshot> ReadAccountsAsync(CancellationToken cancellation) =>
        ValueTask.FromResult(new AccountSnapshot(DateTimeOffset.UtcNow, ReadAccounts?.Invoke() ?? Accounts));

    public ValueTask<ServerProfile> ReadProfileAsync(CancellationToken cancellation) =>
        ValueTask.FromResult(new ServerProfile(
            ServerFamily.MariaDb, "10.11.0-fake", 0, 45, "mysql_native_password", new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<string, CollationInfo>(StringComparer.Ordinal)));

    public ValueTask<MetricAnswer> AskAsync(string statement, CancellationToken cancellation) =>
        ValueTask.FromResult(Answer is { } answer ? MetricAnswer.Of(answer) : MetricAnswer.None("the table is gone"));

    public void Crash(string reason)
    {
        IsRunning = false;
        Crashed?.Invoke(reason);
    }

    /// <summary>It is gone, and nobody has said yet whether that is a crash.</summary>
    public void Lose(string reason) => Lost?.Invoke(reason);

    /// <summary>Somebody else did something to it.</summary>
    public void Change() => Changed?.Invoke();

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}
