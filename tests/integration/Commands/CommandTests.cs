using System.Text.Json.Nodes;
using Serverless.Tests.Integration.Admin;

namespace Serverless.Tests.Integration.Commands;

/// <summary>The commands as people and scripts use them: what they print, where, and how they end.</summary>
public sealed class CommandTests
{
    private AdminRig _admin = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _admin = await AdminRig.StartAsync();

    [OneTimeTearDown]
    public async Task StopAsync() => await _admin.DisposeAsync();

    [Test]
    public async Task Status_ShowsTheDatabase()
    {
        Result result = await RunAsync("status", "--admin", _admin.Address);
        Assert.That(result.Exit, Is.Zero, result.Error);
        Assert.That(result.Output, Does.Contain("DATABASE").And.Contain("test").And.Contain("0.5cu"));
    }

    [Test]
    public async Task Status_AsJson_IsWhatTheApiSays()
    {
        Result result = await RunAsync("status", "test", "--admin", _admin.Address, "--json");
        Assert.That((string?)JsonNode.Parse(result.Output)!["name"], Is.EqualTo("test"));
    }

    [Test]
    public async Task SuspendAndResume_WaitUntilItIsSo()
    {
        Result suspended = await RunAsync("suspend", "--admin", _admin.Address);
        Assert.That((suspended.Exit, suspended.Output.Trim()), Is.EqualTo((0, "test: suspended, 0.5cu")), suspended.Error);
        Result resumed = await RunAsync("resume", "test", "--admin", _admin.Address, "--size", "1cu");
        Assert.That((resumed.Exit, resumed.Output.Trim()), Is.EqualTo((0, "test: running, 1cu")), resumed.Error);
        Result resized = await RunAsync("resize", "--size", "0.5cu", "--admin", _admin.Address);
        Assert.That((resized.Exit, resized.Output.Trim()), Is.EqualTo((0, "test: running, 0.5cu")), resized.Error);
    }

    [Test]
    public async Task SuspendThatIsRefused_EndsWithOneAndSaysWhy()
    {
        _admin.Rig.Compute.ForeignWork = "a backup of mallory runs";
        Result result = await RunAsync("suspend", "--admin", _admin.Address);
        _admin.Rig.Compute.ForeignWork = null;
        Assert.That(result.Exit, Is.EqualTo(1));
        Assert.That(result.Error, Does.Contain("a backup of mallory runs"));
    }

    [Test]
    public async Task PauseAndUnpause_AreShown()
    {
        Assert.That((await RunAsync("pause", "--admin", _admin.Address)).Output, Does.Contain("paused"));
        Assert.That((await RunAsync("status", "--admin", _admin.Address)).Output, Does.Contain("(paused)").And.Contain("paused by operator"));
        Assert.That((await RunAsync("unpause", "--admin", _admin.Address)).Output, Does.Not.Contain("paused"));
    }

    [Test]
    public async Task Decisions_AreTold()
    {
        Result result = await RunAsync("decisions", "--admin", _admin.Address);
        Assert.That(result.Output, Does.Contain("resume").And.Contain("first start"));
    }

    [Test]
    public async Task UnknownDatabase_EndsWithOne()
    {
        Result result = await RunAsync("status", "nope", "--admin", _admin.Address);
        Assert.That(result.Exit, Is.EqualTo(1));
        Assert.That(result.Error, Does.Contain("`nope`"));
    }

    [Test]
    public async Task NoGateway_EndsWithOneAndSaysWhereItLooked()
    {
        Result result = await RunAsync("status", "--admin", "127.0.0.1:1");
        Assert.That(result.Exit, Is.EqualTo(1));
        Assert.That(result.Error, Does.Contain("http://127.0.0.1:1"));
        Assert.That(result.Error.Trim().Split('\n'), Has.Length.LessThanOrEqualTo(2));
    }

    [TestCase("--lisen", "`--listen`", "up", "--lisen", "x")]
    [TestCase("stats", "`status`", "stats")]
    [TestCase("--jsno", "`--json`", "status", "--jsno")]
    public async Task MistypedWord_EndsWithTwoAndNamesTheNearestKnownOne(string word, string near, params string[] arguments)
    {
        Result result = await RunAsync(arguments);
        Assert.That(result.Exit, Is.EqualTo(2));
        Assert.That(result.Error, Does.Contain(word).And.Contain(near));
    }

    [Test]
    public async Task MissingSize_EndsWithTwo()
    {
        Result result = await RunAsync("resize", "--admin", _admin.Address);
        Assert.That(result.Exit, Is.EqualTo(2));
        Assert.That(result.Error, Does.Contain("--size"));
    }

    [TestCase]
    [TestCase("up")]
    [TestCase("status")]
    [TestCase("suspend")]
    [TestCase("resume")]
    [TestCase("resize")]
    [TestCase("pause")]
    [TestCase("unpause")]
    [TestCase("decisions")]
    [TestCase("rules")]
    [TestCase("rules", "check")]
    public async Task Help_IsEverywhere(params string[] command)
    {
        Result result = await RunAsync([.. command, "--help"]);
        Assert.That(result.Exit, Is.Zero);
        Assert.That(result.Output, Does.Contain("serverless").And.Contain("--help"));
    }

    private static Task<Result> RunAsync(params string[] arguments) => Result.OfAsync(arguments);
}
