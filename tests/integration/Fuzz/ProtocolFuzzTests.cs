using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Authentication.Support;
using Serverless.Tests.Integration.EndToEnd;
using Serverless.Tests.Integration.Sessions;

namespace Serverless.Tests.Integration.Fuzz;

/// <summary>
/// Clients and servers that say anything, in any order, whole or broken. Whatever they do: nothing fails in a way nobody thought of, every session ends with its
/// client, memory stays bounded, and whoever behaves is served. Cases are drawn from a seed; SERVERLESS_TEST_FUZZ_SEED repeats them, SERVERLESS_TEST_FUZZ_SECONDS
/// goes on for so long, and `seeds.list` holds those that once found something.
/// </summary>
public sealed partial class ProtocolFuzzTests
{
    private const int Batch = 40;
    private const int BatchesUsually = 15;
    private const int AtATime = 8;
    private const long MostGrowth = 96L << 20;

    private readonly KeptLog _log = new();
    private ILoggerFactory _loggers = null!;
    private GatewayUnderTest _gateway = null!;
    private EventLoopGroup _loops = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Warning).AddProvider(_log));
        _loops = new EventLoopGroup(2);
        var sharing = new SharingOptions { On = true, After = TimeSpan.FromMilliseconds(5), KeepFor = TimeSpan.FromMilliseconds(200) };
        _gateway = await GatewayUnderTest.StartForFuzzAsync(new GatewayOptions { Sharing = sharing }, _loggers);
        await using var root = await _gateway.ConnectDirectlyAsync();
        // Who says anything must not be able to end the server, or to keep others from working on it.
        await root.QueryAllAsync(
            "CREATE USER fuzz@'%' IDENTIFIED BY 'secret'; GRANT SELECT, INSERT, CREATE TEMPORARY TABLES ON shop.* TO fuzz@'%'; GRANT SELECT ON mysql.db TO fuzz@'%'; CREATE TABLE shop.t (a INT)", default);
        await _gateway.ReadAccountsAsync(root);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
        _loops?.Dispose();
        _loggers?.Dispose();
    }

    [Test]
    public async Task ClientsThatSayAnything_DisturbNobody()
    {
        _gateway.Open();
        await RunAsync("client", (seed, number) =>
        {
            var random = new Random(seed);
            return number % 5 == 0 ? FuzzClient.LogInAsync(_loops.Next(), _gateway.Front, "fuzz", random) : FuzzClient.RunAsync(_loops.Next(), Login("fuzz"), random, breaks: 3);
        });
    }

    [Test]
    public async Task ServerThatSaysAnything_DisturbsNobody()
    {
        using var server = new FuzzServer();
        _gateway.Database.Open(server.Address);
        try
        {
            await RunAsync(
                "server", (seed, number) => FuzzClient.RunAsync(_loops.Next(), Login("fuzz"), new Random(seed), breaks: number % 10 == 0 ? 2 : 0), seed => server.Seed = seed);
        }
        finally
        {
            _gateway.Database.Close("the test is over");
        }
    }

    [GeneratedRegex("[0-9]+", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Numbers();

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static IEnumerable<int> Kept(string side) =>
        from line in File.ReadLines(Path.Combine(TestContext.CurrentContext.TestDirectory, "Fuzz", "seeds.list"))
        where line.StartsWith(side + " ", StringComparison.Ordinal)
        select int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);

    private async Task RunAsync(string side, Func<int, int, Task> play, Action<int?>? begin = null)
    {
        var seed = Number("SERVERLESS_TEST_FUZZ_SEED") ?? Random.Shared.Next();
        var seconds = Number("SERVERLESS_TEST_FUZZ_SECONDS");
        var began = Stopwatch.GetTimestamp();
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var kept in Kept(side)) await PlayAsync(side, kept, play, begin, found);
        await PlayAsync(side, seed, play, begin, found);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var batches = 1;
        while (seconds is { } time ? Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(time) : batches < BatchesUsually)
        {
            await PlayAsync(side, unchecked(seed + (batches++ * Batch)), play, begin, found);
        }
        Assert.That(found.Values, Is.Empty, "failures that nobody thought of");
        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(MostGrowth), "bytes that are still in use");
        await TestContext.Progress.WriteLineAsync($"{side}: {batches * Batch} cases of seed {seed} in {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s");
    }

    /// <summary>One batch, after which all must be as before.</summary>
    /// <param name="found">Failures that were logged, each kind once, with the first cases that led to it.</param>
    private async Task PlayAsync(string side, int seed, Func<int, int, Task> play, Action<int?>? begin, Dictionary<string, string> found)
    {
        begin?.Invoke(seed);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Batch), new ParallelOptions { MaxDegreeOfParallelism = AtATime }, async (number, cancellation) => await play(unchecked(seed + number), number).WaitAsync(TimeSpan.FromSeconds(60), cancellation));
        var what = $"(the {Batch} cases from seed {seed}, side `{side}`: SERVERLESS_TEST_FUZZ_SEED={seed})";
        await Eventually.HoldsAsync(
            () => Task.FromResult(_gateway.Activity is { Open: 0, Running: 0, Held: 0 }), TimeSpan.FromSeconds(30), () => Task.FromResult($"all sessions ended with their clients {what}; it is {_gateway.Activity}"));
        foreach (var line in _log.Lines.Where(line => line.Level >= LogLevel.Error)) found.TryAdd(Numbers().Replace(line.Message, "n"), $"{line.Message}\n{what}");
        _log.Lines.Clear();
        begin?.Invoke(null);
        try
        {
            // Somebody who behaves is served.
            await using var witness = await EngineClient.ConnectAsync(_loops.Next(), Login("plain"), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20));
            Assert.That((await witness.QueryAsync("SELECT 1 FROM (SELECT 1) t", CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20))).Scalar, Is.EqualTo("1"));
        }
        catch (Exception failed) when (failed is not AssertionException)
        {
            throw new InvalidOperationException($"A client that behaves was not served {what}", failed);
        }
    }

    private EngineLogin Login(string user) => new(_gateway.Front, user, LoginSecret.FromPassword("secret"))
    {
        Database = user == "fuzz" ? "shop" : null, Capabilities = EngineLogin.DefaultCapabilities, CollationId = CollationId.Utf8Mb4GeneralCi,
    };
}
