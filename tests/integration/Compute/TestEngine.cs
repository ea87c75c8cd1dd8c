using System.Collections.Concurrent;
using Serverless.Host.Compute;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Local;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;
using EngineProcess = Serverless.Tests.Integration.Support.EngineProcess;

namespace Serverless.Tests.Integration.Compute;

/// <summary>A local compute of a test on a folder of its own. The data directory is made once per engine and run, and copied. Its engine ends with the test.</summary>
internal sealed class TestEngine : IAsyncDisposable
{
    public const string User = "app", Password = "it's \\secret";

    public static readonly ComputeSize Small = new(1000, 1L << 30), Large = new(2000, 2L << 30);

    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> Templates = new(StringComparer.Ordinal);

    private static readonly ConcurrentBag<TemporaryDirectory> Made = [];

    private readonly TemporaryDirectory _directory = new();
    private readonly EventLoop _loop = new("test");
    private readonly string? _program;
    private readonly List<EngineSql> _clients = [];
    private LocalCompute? _compute;

    private TestEngine(string? program) => _program = program;

    public LocalCompute Compute => _compute ?? throw new InvalidOperationException("The compute is not open.");

    public string Folder => _directory["db"];

    public string Socket => Path.Combine(Folder, "run", "engine.sock");

    public string Log => File.ReadAllText(Path.Combine(Folder, "engine.log"));

    /// <summary>With a data directory, not started.</summary>
    public static async Task<TestEngine> OpenAsync(string? program, Func<LocalComputeOptions, LocalComputeOptions>? configure = null)
    {
        var engine = new TestEngine(program);
        try
        {
            var template = await Templates.GetOrAdd(program ?? "", _ => new(() => MakeTemplateAsync(program))).Value;
            await EngineProcess.RunAsync("cp", "-r", template, engine.Folder);
            await engine.ReopenAsync(configure);
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    public static async Task<TestEngine> StartAsync(string? program, Func<LocalComputeOptions, LocalComputeOptions>? configure = null)
    {
        var engine = await OpenAsync(program, configure);
        try
        {
            await engine.StartAsync();
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    public static LocalComputeOptions Options(string? program, string folder) => new()
    {
        Name = "test", Directory = folder, EnginePath = program, MaxConnections = 50, FirstAccountUser = User, FirstAccountPassword = Password,
    };

    /// <summary>As a gateway does that comes after one that was killed: nothing is stopped.</summary>
    public async Task ReopenAsync(Func<LocalComputeOptions, LocalComputeOptions>? configure = null)
    {
        if (_compute is not null) await _compute.DisposeAsync();
        _compute = null;
        var options = Options(_program, Folder);
        _compute = await LocalCompute.OpenAsync(configure?.Invoke(options) ?? options, _loop);
    }

    public async Task StartAsync() => Assert.That(await Compute.StartAsync(Small, CancellationToken.None), Is.InstanceOf<EffectResult.Done>());

    public async Task StopAsync() => Assert.That(await Compute.StopAsync(hurry: false, CancellationToken.None), Is.InstanceOf<EffectResult.Done>());

    /// <summary>A connection that did not come through the gateway.</summary>
    public EngineSql Connect(string user = User, string password = Password)
    {
        var client = new EngineSql(_loop, new BackendAddress(Socket, Tcp: null, ReadsProxyHeader: false), user, password, TimeSpan.FromSeconds(60));
        _clients.Add(client);
        return client;
    }

    public async Task<string?> AskAsync(string statement) => (await Connect().QueryAsync(statement, CancellationToken.None)).Scalar;

    /// <summary>Number of the engine's process; null: none runs on this folder.</summary>
    public int? ProcessId() => ProcFiles.AllProcesses().Cast<int?>().FirstOrDefault(pid =>
        ProcFiles.ReadArguments(pid!.Value)?.Contains($"--datadir={Path.Combine(Folder, "data")}", StringComparer.Ordinal) == true && ProcFiles.ReadStat(pid.Value) is { IsAlive: true });

    public Task SignalAsync(string signal) => EngineProcess.RunAsync("kill", $"-{signal}", $"{ProcessId()}");

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients) await client.DisposeAsync();
        if (_compute is not null)
        {
            await _compute.StopAsync(hurry: true, CancellationToken.None);
            await _compute.DisposeAsync();
        }
        _loop.Dispose();
        _directory.Dispose();
    }

    private static async Task<string> MakeTemplateAsync(string? program)
    {
        var directory = new TemporaryDirectory();
        Made.Add(directory);
        using var loop = new EventLoop("template");
        await using var compute = await LocalCompute.OpenAsync(Options(program, directory["db"]), loop);
        return directory["db"];
    }

    /// <summary>Removes the data directories that tests were given copies of.</summary>
    public static void RemoveTemplates()
    {
        foreach (var directory in Made) directory.Dispose();
    }
}
