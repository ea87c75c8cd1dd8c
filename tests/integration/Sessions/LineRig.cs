using System.Collections.Concurrent;
using System.Globalization;
using NUnit.Framework;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>
/// A gateway with few backend connections and a line before them; after each test nothing of a statement may be left behind.
/// The compute is scripted where a test decides how long a statement has its connection, and a MariaDB elsewhere.
/// </summary>
internal abstract class LineRig
{
    /// <summary>Keeps its connection until <see cref="GoOn"/>.</summary>
    protected const string Slow = "SELECT a FROM slow";

    protected const string Quick = "SELECT b FROM quick";

    protected static readonly HoldLimits Patient = HoldLimits.PerDatabase with { Time = TimeSpan.FromSeconds(100) };

    protected List<EngineClient> Clients { get; } = [];
    /// <summary>The statements that reached the scripted compute.</summary>
    protected ConcurrentQueue<string> Seen { get; } = new();
    protected GatewayUnderTest Gateway { get; set; } = null!;
    private ScriptedCompute? _compute;
    private TaskCompletionSource _arrived = null!;
    /// <summary>The slow statement is answered.</summary>
    protected TaskCompletionSource GoOn { get; private set; } = null!;

    [SetUp]
    public void Prepare()
    {
        Seen.Clear();
        (_arrived, GoOn) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
    }

    [TearDown]
    public async Task NothingIsLeft()
    {
        if (Gateway is null) return;
        try
        {
            GoOn.TrySetResult();
            foreach (var client in Clients) await client.DisposeAsync();
            await GatewayUnderTest.UntilAsync(
                () => Gateway.Activity is { Held: 0, Running: 0, Active: 0, Open: 0, Transactions: 0, PinnedCount: 0 }, () => $"no statement waits or runs, and nobody is there: {Gateway.Activity}");
            Assert.That((Gateway.Database.Hold.Statements, Gateway.Database.Hold.Bytes), Is.EqualTo((0, 0L)), "what counts against the limits");
            Gateway.Database.Close("the test has ended");
            await GatewayUnderTest.UntilAsync(() => Gateway.Activity.Sharing!.Backends == 0, () => $"no connection is counted that is not there: {Gateway.Activity.Sharing}");
        }
        finally
        {
            Clients.Clear();
            await Gateway.DisposeAsync();
            Gateway = null!;
            _compute?.Dispose();
            _compute = null;
        }
    }

    /// <summary>A gateway that may have one connection, with a compute that answers as told.</summary>
    protected async Task StartScriptedAsync(HoldLimits? hold = null, Func<string, Func<PacketChannel, Task>?>? instead = null)
    {
        Gateway = await GatewayUnderTest.StartOnOneLoopAsync(ServerFamily.MariaDb, Sharing(most: 1, hold));
        Gateway.KnowsNoStoredCode();
        _compute = Scripted(instead);
        Gateway.Database.Open(_compute.Address);
    }

    protected ScriptedCompute Scripted(Func<string, Func<PacketChannel, Task>?>? instead = null) => new(
        async text =>
        {
            if (text.Length > 0) Seen.Enqueue(text);
            if (text != Slow) return true;
            _arrived.TrySetResult();
            await GoOn.Task;
            return true;
        },
        instead);

    protected static GatewayOptions Sharing(int most, HoldLimits? hold = null) =>
        new() { MostBackends = most, Hold = hold ?? Patient, Sharing = new SharingOptions { On = true, After = TimeSpan.FromMinutes(1) } };

    protected async Task<EngineClient> ConnectAsync(string? schema = null)
    {
        var client = await Gateway.ConnectAsync(schema);
        lock (Clients) Clients.Add(client);
        return client;
    }

    /// <summary>A client whose statement has the one connection until <see cref="GoOn"/>.</summary>
    protected async Task<Task<QueryResult>> OccupyAsync(CancellationToken cancellation)
    {
        var running = (await ConnectAsync()).QueryAsync(Slow, cancellation);
        await _arrived.Task.WaitAsync(cancellation);
        return running;
    }

    /// <summary>The statement, once it stands in the line behind those that stand there already.</summary>
    protected async Task<Task<QueryResult>> StandInLineAsync(EngineClient client, string sql, CancellationToken cancellation)
    {
        var before = Gateway.Activity.Held;
        var answer = client.QueryAsync(sql, cancellation);
        await GatewayUnderTest.UntilAsync(() => Gateway.Activity.Held == before + 1, "the statement stands in the line");
        return answer;
    }

    protected static string Text(FormattableString sql) => sql.ToString(CultureInfo.InvariantCulture);
}
