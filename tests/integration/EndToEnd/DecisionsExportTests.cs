using System.Text.Json.Nodes;
using Serverless.Host.Cli;
using Serverless.Tests.Integration.Commands;

namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>What a gateway saw goes out of it as a load, and into a simulation.</summary>
[Category("EndToEnd")]
public sealed class DecisionsExportTests() : GatewayFixture(null)
{
    private string _home = null!;

    private string Address => $"http://127.0.0.1:{Gateway.AdminPort}";

    [SetUp]
    public void MakeHome() => _home = Directory.CreateTempSubdirectory("serverless-export-").FullName;

    [TearDown]
    public void RemoveHome() => Directory.Delete(_home, recursive: true);

    [Test]
    public async Task WhatAGatewaySaw_IsALoadToSimulate()
    {
        using ClientProcess client = ClientProcess.MariaDb(Gateway);
        for (int round = 0; round < 2; round++)
        {
            await Gateway.WaitUntilAsleepAsync();
            // asleep for longer than the simulated start takes beyond the real one, so that it sleeps in the simulation too
            await Task.Delay(TimeSpan.FromSeconds(2));
            await client.SendAsync("SELECT 'awake';");
            Assert.That(await client.ReadLineAsync(), Is.EqualTo("awake"));
            await client.SendAsync("SELECT CONCAT('slept', SLEEP(0.5));");
            Assert.That(await client.ReadLineAsync(), Is.EqualTo("slept0"));
        }

        await Gateway.WaitUntilAsleepAsync();
        string trace = Path.Combine(_home, "trace.csv");
        Result export = await Result.OfAsync("decisions", "--admin", Address, "--export", trace);
        Assert.That((export.Exit, export.Error), Is.EqualTo((ExitCode.Fine, "")));
        Assert.That(export.Output, Does.StartWith($"{trace}: ").And.Contain($"--load {trace}"));

        JsonNode told = JsonNode.Parse((await Result.OfAsync("rules", "simulate", Gateway.Rules, "--load", trace, "--stop-time", "100ms", "--json")).Output)!;
        JsonNode one = told["policies"]![0]!;
        Assert.Multiple(() =>
        {
            Assert.That((double)one["statements"]!, Is.GreaterThanOrEqualTo(2), "at least the one that was held each time");
            Assert.That((int)one["wakes"]!, Is.GreaterThanOrEqualTo(2));
            Assert.That((double)one["suspendedShare"]!, Is.GreaterThan(0));
            Assert.That((long)one["longestWaitMs"]!, Is.EqualTo(1_000).Within(100), "a start takes a second");
        });

        // From the disk it is the same load, and the log itself is one too.
        string again = Path.Combine(_home, "again.csv");
        string audit = Path.Combine(Gateway.Data, "default", "audit");
        Result disk = await Result.OfAsync("decisions", "--export", again, "--audit", audit);
        Assert.That((disk.Exit, disk.Error), Is.EqualTo((ExitCode.Fine, "")));
        string[] lines = await File.ReadAllLinesAsync(trace);
        Assert.That((await File.ReadAllLinesAsync(again)).Take(lines.Length - 1), Is.EqualTo(lines.Take(lines.Length - 1)));
    }

    [Test]
    public async Task NobodyAnswers_IsSaidSo()
    {
        Result result = await Result.OfAsync("decisions", "--admin", "http://127.0.0.1:1", "default", "--export", Path.Combine(_home, "trace.csv"));
        Assert.That((result.Exit, result.Output), Is.EqualTo((ExitCode.Wrong, "")));
        Assert.That(result.Error, Does.StartWith("serverless: no gateway answers at http://127.0.0.1:1: "));
        Assert.That(Directory.EnumerateFiles(_home), Is.Empty);
    }

    [Test]
    public async Task DatabaseThatIsNotThere_IsSaidSo()
    {
        Result result = await Result.OfAsync("decisions", "--admin", Address, "other", "--export", Path.Combine(_home, "trace.csv"));
        Assert.That((result.Exit, result.Error), Is.EqualTo((ExitCode.Wrong, "serverless: there is no database `other`; there is default\n")));
    }

    [Test]
    public async Task FolderWithoutALog_IsSaidSo()
    {
        Result result = await Result.OfAsync("decisions", "--export", Path.Combine(_home, "trace.csv"), "--audit", _home);
        Assert.That((result.Exit, result.Error), Is.EqualTo((ExitCode.Wrong, $"serverless: --audit {_home}: there is no audit file in it (expected files like 00000001.jsonl)\n")));
    }

    [Test]
    public async Task FileThatCannotBeWritten_IsSaidSo()
    {
        string target = Path.Combine(_home, "missing", "trace.csv");
        Result result = await Result.OfAsync("decisions", "--admin", Address, "--export", target);
        Assert.That(result.Exit, Is.EqualTo(ExitCode.Wrong));
        Assert.That(result.Error, Does.StartWith($"serverless: --export {target}: it cannot be written: "));
    }

    [Test]
    public async Task LogWithoutExport_IsAWrongCommand()
    {
        Result result = await Result.OfAsync("decisions", "--audit", _home);
        Assert.That(result.Exit, Is.EqualTo(ExitCode.Usage));
        Assert.That(result.Error, Does.Contain("--audit: expected --export FILE with it, found none"));
    }
}
