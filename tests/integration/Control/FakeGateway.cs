using Serverless.Host.Gateway;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Control;

/// <summary>A gateway without clients: says what it is told to say, and remembers what was asked of it.</summary>
internal sealed class FakeGateway(CallLog calls) : IGatewayDatabase
{
    private readonly Lock _lock = new();
    private ActivityReading _reading = new(0, 0, 0, 0, 0, 0, LastEnded: null, TimeSpan.Zero, TimeSpan.Zero, 0, TimeSpan.Zero, []);

    public event Action? StatementHeld;

    public event Action? AccountsChanged;

    public string Name => "test";

    public bool IsOpen { get; private set; }

    /// <summary>What it was opened to last.</summary>
    public BackendAddress? Backend { get; private set; }

    public int DrainsBegun { get; private set; }

    /// <summary>Somebody listens to what happens here.</summary>
    public bool IsControlled => StatementHeld is not null;

    /// <summary>Called at each reading.</summary>
    public Action Reading { get; set; } = () => { };

    public AccountSnapshot? Accounts { get; private set; }

    public IDatabaseControl? Control { get; private set; }

    public ServerProfile? Profile { get; private set; }

    /// <summary>What a drain does; by default it succeeds at once.</summary>
    public Func<DrainRequest, CancellationToken, Task<DrainResult>> Drain { get; set; } = (_, _) => Task.FromResult(new DrainResult(null));

    public ActivityReading Read()
    {
        Reading();
        lock (_lock)
        {
            return _reading;
        }
    }

    public IReadOnlyList<SessionReading> ReadSessions(uint after, int limit) => [];

    public void UseControl(IDatabaseControl control) => Control = control;

    public void Set(Func<ActivityReading, ActivityReading> change)
    {
        lock (_lock)
        {
            _reading = change(_reading);
        }
    }

    /// <summary>A statement comes while there is no compute. It is let go by Open, and failed by FailHeld.</summary>
    public void HoldStatement()
    {
        Set(reading => reading with { Held = reading.Held + 1 });
        StatementHeld?.Invoke();
    }

    /// <summary>A statement ran and ended just now.</summary>
    public void RunStatement() => Set(reading => reading with { LastEnded = DateTimeOffset.UtcNow, StatementsTotal = reading.StatementsTotal + 1 });

    public void ChangeAccounts() => AccountsChanged?.Invoke();

    public void Open(BackendAddress backend)
    {
        (Backend, IsOpen) = (backend, true);
        LetGo();
        calls.Add("open");
    }

    public async ValueTask<DrainResult> DrainAsync(DrainRequest request, CancellationToken cancellation)
    {
        calls.Add(request.ByOperator ? "drain by operator" : "drain");
        DrainsBegun++;
        DrainResult result = await Drain(request, cancellation);
        IsOpen = result.Refused is not null;
        return result;
    }

    public void Reopen()
    {
        IsOpen = true;
        calls.Add("reopen");
    }

    public void Close(string reason)
    {
        IsOpen = false;
        calls.Add("close");
    }

    public void RefuseHeld(string reason)
    {
        LetGo();
        calls.Add($"refuse: {reason}");
    }

    public void AllowHolding() => calls.Add("allow");

    public void FailHeld(string reason)
    {
        LetGo();
        calls.Add($"fail: {reason}");
    }

    public void UseAccounts(AccountSnapshot accounts) => Accounts = accounts;

    public void UseProfile(ServerProfile profile) => Profile = profile;

    private void LetGo() => Set(reading => reading with { Held = 0 });
}
