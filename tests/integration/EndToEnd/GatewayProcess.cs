using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>The host as users run it: a process of its own, on free loopback ports, with a data directory of its own.</summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    public const string User = "app";
    public const string Password = "Correct-Horse1";

    private readonly List<string> _output = [];
    private readonly string[] _extra;
    private readonly int? _openFiles;
    private bool _many;
    private Process? _process;

    private GatewayProcess(string home, string[] extra, int? openFiles)
    {
        Home = home;
        _extra = extra;
        _openFiles = openFiles;
        Port = FreePorts.Take();
        AdminPort = FreePorts.Take();
        Admin = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{AdminPort}"), Timeout = TimeSpan.FromSeconds(60) };
    }

    public string Home { get; }

    public string Rules => Path.Combine(Home, "rules");

    public string Data => Path.Combine(Home, "data");

    public int Port { get; }

    public int AdminPort { get; }

    public HttpClient Admin { get; }

    public int ProcessId => _process!.Id;

    public IReadOnlyList<string> Output
    {
        get
        {
            lock (_output)
            {
                return [.. _output];
            }
        }
    }

    /// <summary>Rules that sleep after a short idle time, so that tests need not wait.</summary>
    public static string SleepyRules(double idleSeconds = 1.5) => $$"""
        policy default
        unit cu = 500m cpu + 512MiB memory
        size 0.5cu .. 4cu step 0.5cu
        cooldown up 1s, down 1s, suspend 0s
        rule sleep on running { when idle >= {{(int)(idleSeconds * 1000)}}ms do suspend }
        """;

    public static Task<GatewayProcess> StartAsync(string? rules = null, string? home = null, string? engine = null, params string[] extra) =>
        StartAsync(openFiles: null, rules, home, engine, extra);

    /// <param name="openFiles">The process's limit of open files, soft and hard; null: the one of the tests.</param>
    public static async Task<GatewayProcess> StartAsync(int? openFiles, string? rules = null, string? home = null, string? engine = null, params string[] extra)
    {
        home ??= Directory.CreateTempSubdirectory("serverless-e2e-").FullName;
        string[] arguments = engine is null ? extra : [.. extra, "--config", await WriteConfigAsync(home, engine)];
        var gateway = new GatewayProcess(home, arguments, openFiles);
        Directory.CreateDirectory(gateway.Rules);
        await File.WriteAllTextAsync(Path.Combine(gateway.Rules, "test.rules"), rules ?? SleepyRules());
        await gateway.LaunchAsync();
        return gateway;
    }

    /// <summary>With several databases, which share the address, the rules and the first account.</summary>
    /// <param name="more">Further keys at the top of the configuration, or others in the place of the usual.</param>
    public static async Task<GatewayProcess> StartManyAsync(JsonArray databases, string? rules = null, string? home = null, JsonObject? more = null)
    {
        home ??= Directory.CreateTempSubdirectory("serverless-e2e-").FullName;
        string config = Path.Combine(home, "serverless.json");
        var gateway = new GatewayProcess(home, ["--config", config], openFiles: null) { _many = true };
        Directory.CreateDirectory(gateway.Rules);
        await File.WriteAllTextAsync(Path.Combine(gateway.Rules, "test.rules"), rules ?? SleepyRules());
        var settings = new JsonObject
        {
            ["listen"] = $"127.0.0.1:{gateway.Port}", ["rules"] = gateway.Rules, ["user"] = User, ["password"] = Password, ["databases"] = databases,
        };
        foreach ((string key, JsonNode? value) in more ?? [])
        {
            settings[key] = value?.DeepClone();
        }

        await File.WriteAllTextAsync(config, settings.ToJsonString());
        await gateway.LaunchAsync();
        return gateway;
    }

    private static async Task<string> WriteConfigAsync(string home, string engine)
    {
        string path = Path.Combine(home, "serverless.json");
        await File.WriteAllTextAsync(path, new JsonObject
        {
            ["databases"] = new JsonArray(new JsonObject { ["name"] = "default", ["engine"] = new JsonObject { ["path"] = Path.GetFullPath(engine) } }),
        }.ToJsonString());
        return path;
    }

    /// <summary>Starts the host (again) on the same data and waits for its `ready ` line.</summary>
    public async Task LaunchAsync()
    {
        var start = new ProcessStartInfo(_openFiles is null ? "dotnet" : "/bin/sh")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        string[] arguments =
        [
            typeof(Host.Mysql.Account).Assembly.Location, "up", "--admin", $"127.0.0.1:{AdminPort}", "--data", Data,
            .. _many ? Array.Empty<string>() : ["--listen", $"127.0.0.1:{Port}", "--rules", Rules, "--user", User, "--password", Password], .. _extra,
        ];
        string[] limited = _openFiles is null ? [] : ["-c", $"ulimit -n {_openFiles} && exec dotnet \"$@\"", "sh"];
        foreach (string argument in limited.Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process = Process.Start(start)!;
        _process.StandardInput.Close();
        void Take(string? line)
        {
            if (line is null)
            {
                return;
            }

            lock (_output)
            {
                _output.Add(line);
            }

            if (line.StartsWith("ready ", StringComparison.Ordinal))
            {
                ready.TrySetResult();
            }
        }

        _process.OutputDataReceived += (_, e) => Take(e.Data);
        _process.ErrorDataReceived += (_, e) => Take(e.Data);
        _process.EnableRaisingEvents = true;
        _process.Exited += (_, _) => ready.TrySetException(new InvalidOperationException("the host ended before it was ready:\n" + string.Join('\n', Output)));
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        try
        {
            await ready.Task.WaitAsync(TimeSpan.FromSeconds(180));
        }
        catch (TimeoutException timeout)
        {
            throw new TimeoutException("no `ready ` line within 180 s:\n" + string.Join('\n', Output), timeout);
        }
    }

    public async Task<JsonNode> StatusAsync(string database = "default") => (await Admin.GetFromJsonAsync<JsonNode>($"/api/databases/{database}"))!;

    public async Task<string> PhaseAsync() => (string)(await StatusAsync())["phase"]!;

    public async Task<HttpResponseMessage> CommandAsync(string command, JsonNode? body = null) =>
        await Admin.PostAsJsonAsync($"/api/databases/default/{command}", body ?? new JsonObject());

    public Task WaitForPhaseAsync(string phase, double seconds = 30) =>
        Eventually.HoldsAsync(async () => await PhaseAsync() == phase, TimeSpan.FromSeconds(seconds), async () => $"phase {phase}; last status:\n{await StatusAsync()}\noutput:\n{string.Join('\n', Output.TakeLast(40))}");

    /// <summary>Waits until it has said so: what a process prints is read a moment after what it does is seen otherwise.</summary>
    public Task WaitForOutputAsync(string words) => Eventually.HoldsAsync(
        () => Task.FromResult(Output.Any(line => line.Contains(words, StringComparison.Ordinal))), TimeSpan.FromSeconds(20),
        () => Task.FromResult($"a line with `{words}`; output:\n{string.Join('\n', Output.TakeLast(40))}"));

    /// <summary>A file of its rules, there at once and whole.</summary>
    public void WriteRules(string name, string text) => Replaced.Write(Path.Combine(Rules, name), text);

    /// <summary>Asleep in truth: the kernel says so, and no engine process is left on the data directory.</summary>
    public async Task WaitUntilAsleepAsync(double seconds = 30)
    {
        await WaitForPhaseAsync("suspended", seconds);
        await Eventually.HoldsAsync(() => Task.FromResult(Engines().Count == 0), TimeSpan.FromSeconds(5), () => Task.FromResult("no engine process; found " + string.Join(", ", Engines())));
    }

    /// <summary>Process ids of engines that run on this data directory.</summary>
    public IReadOnlyList<int> Engines()
    {
        var found = new List<int>();
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out int id) || id == ProcessId)
            {
                continue;
            }

            try
            {
                string command = File.ReadAllText(Path.Combine(folder, "cmdline"));
                string program = Path.GetFileName(command.Split('\0')[0]);
                if (program is "mariadbd" or "mysqld" && command.Contains(Data, StringComparison.Ordinal))
                {
                    found.Add(id);
                }
            }
            catch (IOException)
            {
                // it ended between listing and reading
            }
        }

        return found;
    }

    public void Kill() => _process!.Kill();

    public async Task KillAsync()
    {
        Kill();
        await _process!.WaitForExitAsync();
    }

    /// <summary>SIGTERM, as an orchestrator ends it, or another signal; the exit code.</summary>
    public async Task<int> TerminateAsync(double seconds = 60, string signal = "TERM")
    {
        using Process kill = Process.Start("kill", [$"-{signal}", ProcessId.ToString()]);
        await kill.WaitForExitAsync();
        await _process!.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(seconds));
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        if (_process is { HasExited: false })
        {
            try
            {
                await TerminateAsync(30);
            }
            catch (TimeoutException)
            {
                await KillAsync();
            }
        }

        foreach (int engine in Engines())
        {
            using Process kill = Process.Start("kill", ["-KILL", engine.ToString()]);
            await kill.WaitForExitAsync();
        }

        _process?.Dispose();
        Directory.Delete(Home, recursive: true);
    }
}
