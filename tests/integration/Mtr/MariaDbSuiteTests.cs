using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Serverless.Tests.Integration.EndToEnd;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Mtr;

/// <summary>
/// MariaDB's own test suite `main`, recorded by its own client directly and through the gateway: what a test prints must be the same. With a forced detach
/// every session leaves its backend connection after each statement, unless something pins it, so that the restoring of sessions is what is tested. Here a
/// sample; with SERVERLESS_TEST_LONG=1 all tests that end well directly, twice the same. `differs-*.list` names those that differ, each with its reason, and `differs-plain.list` where there is none of that name.
/// </summary>
[Category("EndToEnd")]
public sealed partial class MariaDbSuiteTests : IDisposable
{
    private static readonly bool s_all = Environment.GetEnvironmentVariable("SERVERLESS_TEST_LONG") is "1";

    private readonly TemporaryDirectory _recordings = new();
    private readonly ConcurrentDictionary<string, Task<string>> _direct = new();

    [OneTimeTearDown]
    public void Dispose() => _recordings.Dispose();

    [TestCase("", "plain")]
    [TestCase("--ps-protocol", "ps-protocol")]
    [TestCase("--cursor-protocol", "cursor-protocol")]
    [TestCase("--compress", "compress")]
    public async Task Suite_ThroughTheGateway_PrintsWhatItPrintsDirectly(string options, string name)
    {
        string direct = await DirectAsync(options);
        await RecordAsync(name, options, List(direct), "--gateway", Host);
        await CompareAsync(direct, name);
    }

    [Test]
    public async Task Suite_WithADetachAfterEachStatement_PrintsTheSame_AndMostAreDetached()
    {
        string direct = await DirectAsync("");
        await RecordAsync("detach", "", List(direct), "--gateway", Host, "--detach");
        await CompareAsync(direct, "detach");
        string detaches = await MtrAsync("detaches", _recordings["detach"]);
        await TestContext.Out.WriteLineAsync(detaches);
        double percent = double.Parse(Percent().Match(detaches).Groups["percent"].Value, CultureInfo.InvariantCulture);
        Assert.That(percent, Is.GreaterThanOrEqualTo(70), detaches);
    }

    private static string Host => $"dotnet {Path.Combine(TestContext.CurrentContext.TestDirectory, "Serverless.Host.dll")}";

    private static string Suite => Environment.GetEnvironmentVariable("SERVERLESS_TEST_SUITE") is { Length: > 0 } folder ? folder : "/usr";

    private static string Own(string name) => Path.Combine(TestContext.CurrentContext.TestDirectory, "Mtr", name);

    /// <summary>The recordings without a gateway, made once for each set of options.</summary>
    private Task<string> DirectAsync(string options) => _direct.GetOrAdd(options, async options =>
    {
        if (!File.Exists(Path.Combine(Suite, "bin", "mariadb-test")))
        {
            Assert.Ignore("MariaDB's own tests are not there: SERVERLESS_TEST_SUITE names no folder with bin/mariadb-test");
        }

        string name = $"direct{options}";
        string list = List(_recordings[name]);
        await File.WriteAllLinesAsync(list, s_all ? All() : Sample(options));
        await RecordAsync(name, options, list);
        if (s_all)
        {
            await RecordAsync($"{name}-again", options, list);
            await File.WriteAllTextAsync(list, await MtrAsync("same", _recordings[name], _recordings[$"{name}-again"]));
        }

        return _recordings[name];
    });

    private static IEnumerable<string> All() =>
        Directory.EnumerateFiles(Path.Combine(Suite, "share/mysql/mysql-test/main"), "*.test").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Sample(string options) =>
        File.ReadLines(Own("sample.list")).Where((line, number) => line[0] != '#' && (options.Length == 0 || number % 5 == 0));

    private static string List(string direct) => direct + ".list";

    private Task<string> RecordAsync(string name, string options, string list, params string[] more) =>
        MtrAsync(["record", "--out", _recordings[name], "--jobs", "2", "--list", list, .. options.Length > 0 ? new[] { $"--options={options}" } : [], .. more]);

    private async Task CompareAsync(string direct, string name)
    {
        string own = Own($"differs-{name}.list");
        string said = await MtrAsync("compare", direct, _recordings[name], "--differs", File.Exists(own) ? own : Own("differs-plain.list"));
        await TestContext.Out.WriteLineAsync(said);
    }

    private static async Task<string> MtrAsync(params string[] arguments)
    {
        using ClientProcess mtr = ClientProcess.Start("/usr/bin/python3", [Own("mtr"), .. arguments]);
        var (exit, output, errors) = await mtr.FinishAsync(s_all ? 4 * 3600 : 900);
        Assert.That(exit, Is.Zero, output + errors);
        return output;
    }

    [GeneratedRegex(@"\((?<percent>[\d.]+) %\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Percent();
}
