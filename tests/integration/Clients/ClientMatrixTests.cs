using System.Text.Json.Nodes;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Clients;

/// <summary>
/// Client libraries of the field through a sleep, without TLS and with it. Each makes a schema of its own with one row (text, all 256 bytes, a decimal), sets a
/// user variable and the time zone, prepares a statement where it can, and prints `ready`. After the database has slept it is told to go on: it executes the
/// statement, reads its state back, rolls a transaction back, meets a duplicate key, reads a thousand rows, sends a million letters, and prints what it found.
/// All of one engine go through the same sleep.
/// </summary>
[Category("EndToEnd")]
[TestFixtureSource(typeof(Engines), nameof(Engines.All))]
public sealed class ClientMatrixTests(string? engine) : GatewayFixture(engine, GatewayProcess.SleepyRules(2))
{
    private const string TlsOnly = "only_by_tls";
    private readonly Dictionary<(string Program, bool Tls), Task<JsonNode>> _answers = [];
    private readonly TaskCompletionSource _slept = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private bool IsMySql { get; } = engine is not null;

    private static IEnumerable<TestCaseData> Cases =>
        from program in ClientProgram.All
        from tls in new[] { false, true }
        select new TestCaseData(program.Name, tls).SetArgDisplayNames(program.Name, tls ? "TLS" : "plain");

    [OneTimeSetUp]
    public async Task TakeAllThroughOneSleep()
    {
        using (ClientProcess setup = ClientProcess.MariaDb(
            Gateway, "-e", $"CREATE USER {TlsOnly} IDENTIFIED BY '{GatewayProcess.Password}' REQUIRE SSL; GRANT ALL ON *.* TO {TlsOnly}"))
        {
            var made = await setup.FinishAsync();
            Assert.That(made.Exit, Is.Zero, made.Errors);
        }

        var ready = new List<Task>();
        foreach (ClientProgram program in ClientProgram.All.Where(program => program.IsInstalled))
        {
            foreach (bool tls in new[] { false, true })
            {
                var standing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _answers[(program.Name, tls)] = ConverseAsync(program, tls, standing);
                ready.Add(Task.WhenAny(standing.Task, _answers[(program.Name, tls)]));
            }
        }

        await Task.WhenAll(ready);
        await Gateway.WaitUntilAsleepAsync();
        _slept.SetResult();
        await Task.WhenAny(Task.WhenAll(_answers.Values), Task.Delay(TimeSpan.FromSeconds(60)));
    }

    [TestCaseSource(nameof(Cases))]
    public async Task Client_AfterASleep_FindsEverythingAsItWas(string name, bool tls)
    {
        if (!_answers.TryGetValue((name, tls), out Task<JsonNode>? answer))
        {
            Assert.Ignore($"{name} is not installed");
        }

        JsonNode done = await answer!;
        Assert.Multiple(() =>
        {
            Assert.That((string?)done["text"], Is.EqualTo("grüße"));
            Assert.That((string?)done["bytes"], Is.EqualTo(Convert.ToHexStringLower([.. Enumerable.Range(0, 256).Select(i => (byte)i)])));
            Assert.That((string?)done["number"], Is.EqualTo("1.50"));
            Assert.That((int)done["variable"]!, Is.EqualTo(42));
            Assert.That((string?)done["zone"], Is.EqualTo("+03:00"));
            Assert.That((string?)done["schema"], Is.EqualTo(Schema(name, tls)));
            Assert.That((bool)done["same"]!, "the connection id that the client saw has not changed");
            Assert.That((int)done["kept"]!, Is.EqualTo(1), "rows after the rollback");
            Assert.That((int)done["duplicate"]!, Is.EqualTo(1062));
            Assert.That((int)done["rows"]!, Is.EqualTo(1000));
            Assert.That((int)done["letters"]!, Is.EqualTo(1_000_000));
            Assert.That((int)done["length"]!, Is.EqualTo(1_000_000));
        });
    }

    /// <summary>sysbench keeps no connection over its two commands, so an operator suspends in the middle of a run.</summary>
    [TestCase("auto", false)]
    [TestCase("auto", true)]
    [TestCase("disable", false)]
    [TestCase("disable", true)]
    public async Task Sysbench_WithASuspendInTheMiddle_SeesNoError(string prepares, bool tls)
    {
        string schema = $"sysbench_{prepares}_{(tls ? "tls" : "plain")}";
        using (ClientProcess setup = ClientProcess.MariaDb(Gateway, "-e", $"CREATE DATABASE {schema}"))
        {
            Assert.That((await setup.FinishAsync()).Exit, Is.Zero);
        }

        var prepared = await Sysbench("prepare").FinishAsync();
        Assert.That(prepared.Exit, Is.Zero, prepared.Output + prepared.Errors);
        using ClientProcess load = Sysbench("run");
        Task<(int Exit, string Output, string Errors)> running = load.FinishAsync();
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        IReadOnlyList<int> before = Gateway.Engines();
        using HttpResponseMessage response = await Gateway.CommandAsync("suspend");
        Assert.That(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        await Eventually.HoldsAsync(() => Task.FromResult(!Gateway.Engines().Intersect(before).Any()), TimeSpan.FromSeconds(30), async () => $"the engine ends; status {await Gateway.StatusAsync()}");
        var result = await running;
        Assert.That(result.Exit, Is.Zero, result.Output + result.Errors);
        Assert.That(result.Output, Does.Match(@"ignored errors:\s+0 ").And.Match(@"reconnects:\s+0 ").And.Match(@"transactions:\s+[1-9]"));

        ClientProcess Sysbench(string command) => ClientProcess.Start(
            "sysbench",
            [
                "oltp_point_select", "--db-driver=mysql", "--mysql-host=127.0.0.1", $"--mysql-port={Gateway.Port}", $"--mysql-user={(tls ? TlsOnly : GatewayProcess.User)}",
                $"--mysql-password={GatewayProcess.Password}", $"--mysql-db={schema}", $"--db-ps-mode={prepares}", $"--mysql-ssl={(tls ? "on" : "off")}", "--table-size=1000", "--threads=4",
                "--time=4", command,
            ],
            folder: tls ? SysbenchFiles() : null);
    }

    /// <summary>The README's table says of this engine what was found just now; SERVERLESS_TEST_WRITE_GOLDEN=1 writes it.</summary>
    [Test]
    public async Task TableOfTheReadme_SaysWhatWasFound()
    {
        var found = new Dictionary<(string, bool), bool>();
        foreach (((string program, bool tls), Task<JsonNode> answer) in _answers)
        {
            try
            {
                found[(program, tls)] = (string?)(await answer)["text"] == "grüße";
            }
            catch (Exception failure) when (failure is InvalidOperationException or TimeoutException)
            {
                found[(program, tls)] = false;
            }
        }

        ReadmeTable.Check(IsMySql, found);
    }

    private static string Schema(string name, bool tls) =>
        "through_" + string.Concat(name.ToLowerInvariant().Where(char.IsAsciiLetterOrDigit)) + (tls ? "_tls" : "_plain");

    private async Task<JsonNode> ConverseAsync(ClientProgram program, bool tls, TaskCompletionSource standing)
    {
        var login = new ClientLogin(
            Gateway.Port, tls ? TlsOnly : GatewayProcess.User, GatewayProcess.Password, Schema(program.Name, tls), tls ? Path.Combine(Gateway.Data, "tls-certificate.pem") : "");
        using ClientProcess client = program.Start(login);
        JsonNode ready = await client.ReadJsonAsync(120);
        Assert.That((string?)ready["step"], Is.EqualTo("ready"));
        standing.SetResult();
        await _slept.Task;
        await client.SendAsync("go");
        return await client.ReadJsonAsync(120);
    }

    /// <summary>sysbench takes its files from the folder it runs in, by fixed names, a certificate of the client's among them.</summary>
    private string SysbenchFiles()
    {
        string folder = Path.Combine(Gateway.Home, "sysbench");
        Directory.CreateDirectory(folder);
        foreach ((string from, string to) in new[] { ("tls-certificate.pem", "cacert.pem"), ("tls-certificate.pem", "client-cert.pem"), ("tls-key.pem", "client-key.pem") })
        {
            File.Copy(Path.Combine(Gateway.Data, from), Path.Combine(folder, to), overwrite: true);
        }

        return folder;
    }
}
