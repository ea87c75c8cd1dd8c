using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>What the command line answers to a wrong start: one clear error and the right exit code, never a stack trace.</summary>
[Category("EndToEnd")]
public sealed class BadInputTests
{
    private string _home = null!;

    [SetUp]
    public void Prepare()
    {
        _home = Directory.CreateTempSubdirectory("serverless-bad-").FullName;
        Directory.CreateDirectory(Path.Combine(_home, "rules"));
        File.WriteAllText(Path.Combine(_home, "rules", "test.rules"), GatewayProcess.SleepyRules());
    }

    [TearDown]
    public void Remove() => Directory.Delete(_home, recursive: true);

    [Test]
    public async Task UnknownFlag_IsAUsageErrorThatNamesIt()
    {
        var (exit, output) = await RunAsync("up", "--lisen", "127.0.0.1:1");
        Assert.That(exit, Is.EqualTo(2), output);
        Assert.That(output, Does.Contain("--lisen"));
    }

    [Test]
    public async Task UnknownKeyInTheConfiguration_IsNamedWithTheNearestKnownOne()
    {
        string config = Path.Combine(_home, "c.json");
        await File.WriteAllTextAsync(config, """{ "databases": [ { "name": "default", "polcy": "x" } ] }""");
        var (exit, output) = await UpAsync("--config", config);
        Assert.That(exit, Is.Not.Zero, output);
        Assert.That(output, Does.Contain("polcy").And.Contain("policy"));
    }

    [Test]
    public async Task PortInUse_NamesTheAddress()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        int port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        var (exit, output) = await UpAsync("--listen", $"127.0.0.1:{port}");
        Assert.That(exit, Is.EqualTo(1), output);
        Assert.That(output, Does.Contain($"127.0.0.1:{port}").And.Contain("in use"));
    }

    [Test]
    public async Task DataDirectoryThatCannotBeWritten_IsNamed()
    {
        string file = Path.Combine(_home, "file");
        await File.WriteAllTextAsync(file, "in the way");
        var (exit, output) = await UpAsync("--data", Path.Combine(file, "data"));
        Assert.That(exit, Is.EqualTo(1), output);
        Assert.That(output, Does.Contain(Path.Combine(file, "data")));
    }

    [Test]
    public async Task TooFewOpenFilesForAnybody_AreSaid()
    {
        var (exit, output) = await RunAsync("/bin/sh", [
            "-c", "ulimit -n 256 && exec dotnet \"$@\"", "sh", typeof(Host.Mysql.Account).Assembly.Location, "up", "--rules", Path.Combine(_home, "rules"),
            "--data", Path.Combine(_home, "data"), "--listen", $"127.0.0.1:{FreePorts.Take()}", "--admin", $"127.0.0.1:{FreePorts.Take()}",
        ]);
        Assert.That(exit, Is.EqualTo(1), output);
        Assert.That(output, Does.Contain("the limit of open files is 256").And.Contain("ulimit -n"));
    }

    [Test]
    public async Task AdminAddressBeyondLoopbackWithoutAToken_IsRefused()
    {
        var (exit, output) = await UpAsync("--admin", $"0.0.0.0:{FreePorts.Take()}");
        Assert.That(exit, Is.EqualTo(1).Or.EqualTo(2), output);
        Assert.That(output, Does.Contain("token"));
    }

    [Test]
    public async Task RulesThatDoNotCompile_AreRefusedAtStartWithTheirErrors()
    {
        await File.WriteAllTextAsync(Path.Combine(_home, "rules", "test.rules"), "policy default\nrule a on running { when cpuu > 80% do suspend }\n");
        var (exit, output) = await UpAsync();
        Assert.That(exit, Is.EqualTo(1), output);
        Assert.That(output, Does.Contain("cpuu").And.Contain("test.rules"));
    }

    [Test]
    public async Task ClusterThatCannotBeFound_IsSaid()
    {
        string config = Path.Combine(_home, "kubernetes.json");
        await File.WriteAllTextAsync(config, """{ "password": "x", "kubernetes": { "statefulSet": "db", "kubeconfig": "/nowhere/kubeconfig" } }""");
        var (exit, output) = await UpAsync("--compute", "kubernetes", "--config", config);
        Assert.That(exit, Is.EqualTo(1), output);
        Assert.That(output, Does.Contain("/nowhere/kubeconfig"));
    }

    private Task<(int Exit, string Output)> UpAsync(params string[] more)
    {
        string[] defaults = ["up", "--rules", Path.Combine(_home, "rules")];
        if (!more.Contains("--data"))
        {
            defaults = [.. defaults, "--data", Path.Combine(_home, "data")];
        }

        if (!more.Contains("--listen"))
        {
            defaults = [.. defaults, "--listen", $"127.0.0.1:{FreePorts.Take()}"];
        }

        if (!more.Contains("--admin"))
        {
            defaults = [.. defaults, "--admin", $"127.0.0.1:{FreePorts.Take()}"];
        }

        return RunAsync([.. defaults, .. more]);
    }

    private static Task<(int Exit, string Output)> RunAsync(params string[] arguments) =>
        RunAsync("dotnet", [typeof(Host.Mysql.Account).Assembly.Location, .. arguments]);

    private static async Task<(int Exit, string Output)> RunAsync(string program, IEnumerable<string> arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail("it went on running:\n" + await output + await errors);
        }

        string all = await output + await errors;
        Assert.That(all, Does.Not.Contain("   at Serverless."), "no stack trace");
        return (process.ExitCode, all);
    }
}
