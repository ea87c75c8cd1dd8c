using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Host.Admin;
using Serverless.Host.Control;
using Serverless.Host.Control.Settings;
using Serverless.Tests.Integration.EndToEnd;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Control;

/// <summary>A database under control, with doubles for gateway and compute, on a folder of its own.</summary>
internal sealed class Rig : IAsyncDisposable
{
    /// <summary>Sleeps soon after the last statement, and is in nobody's way otherwise.</summary>
    public const string Sleepy = """
        policy default
        unit cu = 500m cpu + 512MiB memory
        size 0.5cu .. 4cu step 0.5cu
        cooldown up 0s, down 0s, suspend 0s
        rule sleep on running { when idle >= 300ms do suspend }
        """;

    /// <summary>Does nothing by itself.</summary>
    public const string Still = """
        policy default
        unit cu = 500m cpu + 512MiB memory
        size 0.5cu .. 4cu step 0.5cu
        cooldown up 0s, down 0s, suspend 0s
        rule sleep on running { when idle >= 24h do suspend }
        """;

    private readonly bool _ownsHome;

    private Rig(string rules, string? home)
    {
        _ownsHome = home is null;
        Home = home ?? Directory.CreateTempSubdirectory("serverless-control-").FullName;
        Directory.CreateDirectory(Rules);
        File.WriteAllText(Path.Combine(Rules, "test.rules"), rules);
        Gateway = new FakeGateway(Calls);
        Compute = new FakeCompute(Calls);
    }

    public string Home { get; }

    public string Rules => Path.Combine(Home, "rules");

    public string Data => Path.Combine(Home, "data");

    public string Audit => Path.Combine(Data, "audit");

    public CallLog Calls { get; } = new();

    public FakeGateway Gateway { get; }

    public FakeCompute Compute { get; }

    public Database Database { get; private set; } = null!;

    public string Phase => Status.Phase;

    public StatusReply Status => StatusComposer.Status(Database);

    /// <param name="prepare">Sets up the doubles before control begins.</param>
    public static async Task<Rig> StartAsync(
        string rules = Still, string? home = null, bool shadow = false, Action<Rig>? prepare = null, LimitSettings? limits = null, ILoggerFactory? loggers = null,
        TimeProvider? time = null, bool amongOthers = false)
    {
        var rig = new Rig(rules, home);
        prepare?.Invoke(rig);
        var settings = new DatabaseSettings(
            "test", new IPEndPoint(IPAddress.Loopback, 0), ComputeKind.Local, Backend: null, rig.Rules, Policy: null, rig.Data, "app", Password: null, shadow, new EngineSettings(null, []), limits ?? LimitSettings.Default,
            TlsSettings.Default, BackendTls.Off);
        rig.Database = await Database.OpenAsync(settings, rig.Gateway, rig.Compute, loggers ?? NullLoggerFactory.Instance, time ?? TimeProvider.System, CancellationToken.None);
        await rig.Database.StartAsync(CancellationToken.None, amongOthers: amongOthers);
        return rig;
    }

    /// <summary>As <see cref="StartAsync"/>, and put to sleep; the calls so far are forgotten.</summary>
    public static async Task<Rig> AsleepAsync(string rules = Still)
    {
        Rig rig = await StartAsync(rules);
        await rig.CommandAsync(at => Core.Inputs.Suspend(at, "test"));
        await rig.PhaseIsAsync("suspended");
        rig.Calls.Clear();
        return rig;
    }

    /// <summary>Other rules, in the folder at once: a file that is written in place is empty for a moment, and may be read so.</summary>
    public void Change(string rules) => Replaced.Write(Path.Combine(Rules, "test.rules"), rules);

    public Task CommandAsync(Func<long, Core.Input> input) => Database.Controller.TellAsync(input);

    public Task PhaseIsAsync(string phase) => HoldsAsync(() => Phase == phase, () => $"phase {phase}, and it is {Phase} after {string.Join(", ", Calls.All)}");

    public Task CalledAsync(string call) => HoldsAsync(() => Calls.All.Contains(call), () => $"a call of {call} among {string.Join(", ", Calls.All)}");

    public static Task HoldsAsync(Func<bool> condition, Func<string> expected, TimeSpan? every = null) =>
        Eventually.HoldsAsync(() => Task.FromResult(condition()), TimeSpan.FromSeconds(20), () => Task.FromResult(expected()), every);

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        if (_ownsHome)
        {
            Directory.Delete(Home, recursive: true);
        }
    }
}
