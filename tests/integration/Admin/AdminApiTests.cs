using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Serverless.Host.Gateway;

namespace Serverless.Tests.Integration.Admin;

/// <summary>The HTTP API as tools use it.</summary>
public sealed class AdminApiTests
{
    private AdminRig _admin = null!;

    [SetUp]
    public async Task StartAsync() => _admin = await AdminRig.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _admin.DisposeAsync();

    [Test]
    public async Task Status_HasTheAgreedShape()
    {
        _admin.Rig.Gateway.Set(reading => reading with
        {
            Open = 3,
            Parked = 3,
            LastEnded = DateTimeOffset.UtcNow,
            Pinned = [new PinnedSession(7, "app@%", "temporary table", TimeSpan.FromSeconds(2))],
        });
        JsonNode status = (await _admin.Http.GetFromJsonAsync<JsonNode>("/api/databases/test"))!;
        Assert.Multiple(() =>
        {
            Assert.That((string?)status["name"], Is.EqualTo("test"));
            Assert.That((string?)status["phase"], Is.EqualTo("running"));
            Assert.That((double?)status["size"]!["cu"], Is.EqualTo(0.5));
            Assert.That((long?)status["size"]!["cpuMillicores"], Is.EqualTo(250));
            Assert.That((long?)status["size"]!["memoryBytes"], Is.EqualTo(256L << 20));
            Assert.That((int?)status["connections"]!["open"], Is.EqualTo(3));
            Assert.That((int?)status["connections"]!["parked"], Is.EqualTo(3));
            Assert.That((int?)status["connections"]!["pinned"]![0]!["id"], Is.EqualTo(7));
            Assert.That((string?)status["connections"]!["pinned"]![0]!["why"], Is.EqualTo("temporary table"));
            Assert.That((double?)status["idleSeconds"], Is.Not.Null);
            Assert.That((string?)status["policy"]!["name"], Is.EqualTo("default"));
            Assert.That((string?)status["policy"]!["revision"], Is.Not.Empty);
            Assert.That(status["policy"]!["error"], Is.Null);
            Assert.That((double?)status["lastResume"]!["totalMs"], Is.Not.Null);
            Assert.That((double?)status["lastResume"]!["phasesMs"]!["start"], Is.Not.Null);
            Assert.That(DateTimeOffset.Parse((string)status["since"]!), Is.EqualTo(DateTimeOffset.UtcNow).Within(TimeSpan.FromMinutes(1)));
        });
    }

    [Test]
    public async Task List_HasEveryDatabase()
    {
        JsonNode list = (await _admin.Http.GetFromJsonAsync<JsonNode>("/api/databases"))!;
        Assert.That((string?)list["databases"]![0]!["name"], Is.EqualTo("test"));
    }

    [Test]
    public async Task Suspend_IsAnsweredAtOnceAndComesAbout()
    {
        using HttpResponseMessage response = await _admin.Http.PostAsync("/api/databases/test/suspend", content: null);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        await _admin.Rig.PhaseIsAsync("suspended");
    }

    [Test]
    public async Task Resize_TakesItsSizeFromTheBody()
    {
        using HttpResponseMessage response = await _admin.Http.PostAsJsonAsync("/api/databases/test/resize", new { size = "2cu" });
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        await Control.Rig.HoldsAsync(() => _admin.Rig.Status.Size.Cu == 2, () => "2 units");
    }

    [TestCase("resize", "{}", "size: expected compute units")]
    [TestCase("resize", """{"size":"big"}""", "`big`")]
    [TestCase("resize", """{"size":2}""", "JSON object")]
    [TestCase("suspend", """{"size":"2cu"}""", "takes none")]
    [TestCase("suspend", "{", "JSON object")]
    [TestCase("suspend", "null", "JSON object")]
    public async Task WrongBody_IsToldInJson(string command, string body, string expected)
    {
        using HttpResponseMessage response = await PostAsync(command, body);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(await ErrorAsync(response), Does.Contain(expected));
    }

    [Test]
    public async Task BodyWithoutEnd_IsRefused()
    {
        using HttpResponseMessage response = await PostAsync("suspend", "{\"size\":\"" + new string('x', 1 << 20) + "\"}");
        Assert.That((int)response.StatusCode, Is.EqualTo(413).Or.EqualTo(400));
    }

    [Test]
    public async Task UnknownDatabase_IsToldWithThoseThereAre()
    {
        using HttpResponseMessage response = await _admin.Http.GetAsync("/api/databases/nope");
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That(await ErrorAsync(response), Does.Contain("`nope`").And.Contain("test"));
    }

    [Test]
    public async Task UnknownPath_IsToldInJson()
    {
        using HttpResponseMessage response = await _admin.Http.GetAsync("/api/database");
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That(await ErrorAsync(response), Does.Contain("/api/databases"));
    }

    [Test]
    public async Task WrongMethod_IsToldInJson()
    {
        using HttpResponseMessage response = await _admin.Http.GetAsync("/api/databases/test/suspend");
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.MethodNotAllowed));
        Assert.That(await ErrorAsync(response), Does.Contain("POST"));
    }

    [Test]
    public async Task Decisions_SayWhatAndWhy()
    {
        await PostAsync("suspend", "{}");
        await _admin.Rig.PhaseIsAsync("suspended");
        JsonArray decisions = (await _admin.Http.GetFromJsonAsync<JsonNode>("/api/databases/test/decisions?limit=10"))!["decisions"]!.AsArray();
        JsonNode suspend = decisions.First(one => (string?)one!["effect"] == "suspend")!;
        Assert.That((string?)suspend["because"]![0], Is.EqualTo("command"));
        Assert.That((string?)suspend["text"], Does.Contain("operator"));
    }

    [TestCase("0")]
    [TestCase("ten")]
    public async Task Decisions_WithAWrongLimit_AreRefused(string limit)
    {
        using HttpResponseMessage response = await _admin.Http.GetAsync($"/api/databases/test/decisions?limit={limit}");
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
    }

    [Test]
    public async Task Metrics_AreInPrometheusText()
    {
        string text = await _admin.Http.GetStringAsync("/metrics");
        Assert.That(text, Does.Contain("serverless_phase{database=\"test\",phase=\"running\"} 1\n"));
        Assert.That(text, Does.Contain("serverless_compute_starts_total{database=\"test\"} 1\n"));
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.That(line, Does.Match("^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+\\{[^}]*\\} [0-9.E+-]+)$"));
        }
    }

    [Test]
    public async Task Page_ShowsTheDatabaseAndEscapesWhatOthersWrote()
    {
        _admin.Rig.Gateway.Set(reading => reading with { Pinned = [new PinnedSession(7, "<script>@%", "lock", TimeSpan.Zero)] });
        string page = await _admin.Http.GetStringAsync("/");
        Assert.That(page, Does.Contain("test: running").And.Contain("&lt;script&gt;").And.Not.Contain("<script>"));
    }

    [Test]
    public async Task Readiness_FollowsTheHost()
    {
        Assert.That((await _admin.Http.GetAsync("/readyz")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
        _admin.Ready(false);
        Assert.That((await _admin.Http.GetAsync("/readyz")).StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That((await _admin.Http.GetAsync("/healthz")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [TestCase("https://evil.example")]
    [TestCase("null")]
    [TestCase("http://127.0.0.1:1")]
    public async Task PageOfSomebodyElse_CannotCommand(string origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/databases/test/pause") { Content = new StringContent("{}", Encoding.UTF8, "text/plain") };
        request.Headers.Add("Origin", origin);
        using HttpResponseMessage response = await _admin.Http.SendAsync(request);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(await ErrorAsync(response), Does.Contain(origin));
        Assert.That(_admin.Rig.Status.Paused, Is.False);
    }

    [Test]
    public async Task PageOfOurOwn_CanCommand()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/databases/test/unpause");
        request.Headers.Add("Origin", _admin.Address);
        Assert.That((await _admin.Http.SendAsync(request)).StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [TestCase("evil.example", HttpStatusCode.Forbidden)]
    [TestCase("evil.example:8306", HttpStatusCode.Forbidden)]
    [TestCase("localhost:8306", HttpStatusCode.OK)]
    [TestCase("[::1]:8306", HttpStatusCode.OK)]
    [TestCase("10.1.2.3", HttpStatusCode.OK)]
    public async Task NameThatWasMadeToPointHere_SeesNothing(string host, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/databases");
        request.Headers.Host = host;
        Assert.That((await _admin.Http.SendAsync(request)).StatusCode, Is.EqualTo(expected));
    }

    [Test]
    public async Task NameOfTheMachine_IsFineWithAToken()
    {
        await using AdminRig guarded = await AdminRig.StartAsync("secret");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/databases");
        request.Headers.Host = "db.example";
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "secret");
        Assert.That((await guarded.Http.SendAsync(request)).StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Token_IsAskedForByAllButTheProbes()
    {
        await using AdminRig guarded = await AdminRig.StartAsync("secret");
        Assert.That((await guarded.Http.GetAsync("/healthz")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
        using HttpResponseMessage refused = await guarded.Http.GetAsync("/api/databases");
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(await ErrorAsync(refused), Does.Contain("token"));
        guarded.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "wrong");
        Assert.That((await guarded.Http.GetAsync("/metrics")).StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        guarded.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "secret");
        Assert.That((await guarded.Http.GetAsync("/api/databases")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    private Task<HttpResponseMessage> PostAsync(string command, string body) =>
        _admin.Http.PostAsync($"/api/databases/test/{command}", new StringContent(body, Encoding.UTF8, "application/json"));

    private static async Task<string?> ErrorAsync(HttpResponseMessage response) => (string?)(await response.Content.ReadFromJsonAsync<JsonNode>())!["error"];
}
