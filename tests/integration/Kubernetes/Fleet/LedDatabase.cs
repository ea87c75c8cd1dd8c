using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Core;
using Serverless.Host.Admin;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Fleet;
using Serverless.Host.Compute.Kubernetes.Fleet.Members;
using Serverless.Host.Control;
using Serverless.Host.Control.Fleet;
using Serverless.Host.Control.Settings;
using Serverless.Tests.Integration.Control;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>A database under control at one of several gateways beside the double: its controller, and all that it tells the others and hears of them; its sessions and its compute are played.</summary>
internal sealed class LedDatabase : IAsyncDisposable
{
    private const string PathOfState = $"{DoubleRig.Maps}/serverless-state-default.db";
    private readonly FleetRig _rig;
    private readonly GatewayFleet _fleet;
    private readonly StateWatch _states;
    private readonly NamespaceWatch _watch;
    private readonly FakeGateway _gateway;
    private readonly FleetMember _member;

    private LedDatabase(FleetRig rig, string name)
    {
        _rig = rig;
        KubernetesApi api = rig.Connect(name);
        _fleet = new GatewayFleet(api, new FleetNames("default"), GatewayIdentity.New(name, owner: null), DoubleRig.Quick, FleetRig.Quick, TimeProvider.System, NullLoggerFactory.Instance);
        _states = new StateWatch(api, _fleet.Names, DoubleRig.Quick, TimeProvider.System, NullLogger.Instance);
        _watch = new NamespaceWatch(api, "default", DoubleRig.Quick, TimeProvider.System, NullLogger.Instance);
        _fleet.Start();
        _gateway = new FakeGateway(Calls);
        _member = new FleetMember(_gateway, _fleet, _states, _watch, FleetRig.Set, TimeProvider.System);
        Compute = new FakeCompute(Calls) { IsRunning = true, EndsWithGateway = false };
    }

    public CallLog Calls { get; } = new();

    public FakeCompute Compute { get; }

    public Database Database { get; private set; } = null!;

    public bool Leads => Database.Controller.WhyNotLeading is null;

    public bool IsPaused => StatusComposer.Status(Database).Paused;

    /// <summary>What the gateways keep for each other.</summary>
    public string? Kept => _rig.Server.Find(PathOfState)?["data"]?["state.json"]?.ToString();

    public bool IsKeptPaused => Kept?.Replace(" ", "", StringComparison.Ordinal).Contains("\"pausedBy\":\"test\"", StringComparison.Ordinal) == true;

    /// <summary>It has heard what is kept.</summary>
    public bool HasHeard => _member.Kept?.State == Kept;

    /// <summary>Whether a request writes what is kept.</summary>
    public static bool Writes(Microsoft.AspNetCore.Http.HttpContext context) => context.Request.Method != "GET" && context.Request.Path.StartsWithSegments(DoubleRig.Maps, StringComparison.Ordinal);

    public static async Task<LedDatabase> StartAsync(FleetRig rig, string name, TemporaryDirectory home)
    {
        string rules = Path.Combine(home.Path, "rules");
        Directory.CreateDirectory(rules);
        await File.WriteAllTextAsync(Path.Combine(rules, "test.rules"), Rig.Still);
        var led = new LedDatabase(rig, name);
        var settings = new DatabaseSettings(
            "test", new IPEndPoint(IPAddress.Loopback, 0), ComputeKind.Local, Backend: null, rules, Policy: null, Path.Combine(home.Path, "data"), "app", Password: null, Shadow: false, new EngineSettings(null, []),
            LimitSettings.Default, TlsSettings.Default, BackendTls.Off);
        led.Database = await Database.OpenAsync(settings, led._gateway, led.Compute, NullLoggerFactory.Instance, TimeProvider.System, default, led._member);
        await led.Database.StartAsync(default);
        return led;
    }

    public Task PauseAsync() => Database.Controller.TellAsync(at => Inputs.Pause(at, "test"));

    public Task UntilAsync(Func<bool> holds) => DoubleRig.UntilAsync(holds, () => $"{Database.Controller.WhyNotLeading ?? "it leads"}, paused {IsPaused}, {string.Join(", ", Calls.All)}; kept: {Kept}");

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        _member.Dispose();
        await _fleet.DisposeAsync();
        await _states.DisposeAsync();
        await _watch.DisposeAsync();
    }
}
