using System.Globalization;
using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Fleet;
using Serverless.Host.Compute.Kubernetes.Fleet.Members;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>Whatever anybody writes into a gateway's Lease tells of no activity that is not there, hides none, and ends no gateway: who is not understood counts as active.</summary>
internal sealed class LeaseBoundsTests
{
    private const string Name = "serverless-gateway-b";

    /// <summary>Null: there is none.</summary>
    private static readonly string?[] Nonsense =
    [
        null, "", "x", "null", "[]", "7", "\"\"", "{", "{\"default/db\":", "{\"default/db\":{}} x", "{\"default/db\":7}", "{\"default/db\":[]}",
        Of("held", "-1"), Of("running", "-2147483648"), Of("running", "2147483647"), Of("open", "16777217"), Of("active", "99999999999999999999"), Of("transactions", "1e400"), Of("transactions", "0.5"),
        Of("pinned", "\"1\""), Of("statements", "-1"), Of("statements", "9223372036854775807"), Of("statements", "true"), Of("quietMs", "-1"), Of("quietMs", "9223372036854775807"), Of("quietMs", "-9223372036854775808"),
        Of("quietMs", "\"2099-01-01T00:00:00Z\""), Of("transactionsIdleMs", "-5"), Of("pinnedIdleMs", "4398046511105"), Of("latencyMs", "-1"), Of("latencyMs", "35184372088833"), Of("held", "NaN"),
        // one that cannot be is not made up for by another that can
        "{\"default/db\":{\"quietMs\":5},\"default/crm\":{\"held\":-1}}", new('[', 100_000), $"{{\"default/db\":{new string('[', 200)}",
    ];

    [Test]
    public async Task ActivityThatCannotBe_CountsAsActive_AndIsNoneOfTheSum()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = await LeadAsync(rig);
        await HearAsync(rig, a, "{}", () => a.Database.Peers.Unknown.Count == 0);
        foreach (string? text in Nonsense)
        {
            await HearAsync(rig, a, text, () => a.Database.Peers.Unknown is [Name]);
            Assert.That(a.Database.Peers.Activity, Is.EqualTo(default(GatewayActivity)), text);
            Assert.That(a.Database.Peers.Counts, Is.Empty, "no count is not a count of nothing");
            Assert.That(a.Fleet.Peers.ReadAll().Single(one => !one.IsOwn).IsKnown, Is.False, text);

            // and it holds up nothing for longer than it is there
            await HearAsync(rig, a, "{}", () => a.Database.Peers.Unknown.Count == 0);
        }

        Assert.That(a.IsOpen, Is.True, "its own clients notice nothing");
    }

    [TestCase("{\"default/db\":{\"held\":2,\"running\":3,\"quietMs\":7,\"someday\":{\"a\":[1]}},\"version\":{}}", 2, 3, TestName = "What a newer version adds is passed over")]
    [TestCase("{\"default/db\":{\"Held\":2}}", 0, 0, TestName = "What is not spelt as it should be is no figure")]
    [TestCase("{\"default/db\":{\"held\":16777216,\"running\":16777216}}", 1 << 24, 1 << 24, TestName = "The most that can be")]
    [TestCase("{\"default/crm\":{\"held\":2}}", 0, 0, TestName = "Another database is another's")]
    public async Task ActivityThatCanBe_IsTaken(string text, int held, int running)
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = await LeadAsync(rig);
        await HearAsync(rig, a, text, () => a.Database.Peers.Unknown.Count == 0 && a.Fleet.Peers.All.Count == 2);
        GatewayActivity sum = a.Database.Peers.Activity;
        Assert.That((sum.Held, sum.Running), Is.EqualTo((held, running)));
    }

    /// <summary>As many gateways as a Lease may name of the largest figures each: nothing overflows into less.</summary>
    [Test]
    public async Task LargestFiguresOfManyGateways_AddUp()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = await LeadAsync(rig, FleetRig.Quick with { SilenceLimit = TimeSpan.FromHours(1) });
        const int gateways = 100;
        string most = "{\"default/db\":{\"held\":16777216,\"statements\":72057594037927936,\"quietMs\":4398046511104,\"transactions\":1,\"transactionsIdleMs\":4398046511104,\"latencyMs\":35184372088832}}";
        for (int one = 0; one < gateways; one++) rig.Server.Put(FleetRig.Leases, Lease(most, $"serverless-gateway-{one:000}"));
        await rig.UntilAsync(() => a.Fleet.Peers.All.Count == gateways + 1);
        PeersActivity peers = a.Database.Peers;
        Assert.That((peers.Activity.Held, peers.Activity.Statements, peers.Activity.LatencyMs), Is.EqualTo((gateways << 24, gateways * (1L << 56), gateways * (1L << 45))));
        Assert.That(peers.Activity.QuietMs, Is.GreaterThanOrEqualTo(1L << 42));
        Assert.That(peers.Activity.TransactionsIdleMs, Is.EqualTo(1L << 42));
        Assert.That(TimeSpan.FromMilliseconds(peers.Activity.QuietMs!.Value), Is.GreaterThan(TimeSpan.Zero), "it can be counted with");
    }

    /// <summary>Times are for people: what is new, and how old, is told by one's own clock.</summary>
    [Test]
    public async Task TimesOfALease_SayNothing_AndItIsForgottenByOnesOwnClock()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = await LeadAsync(rig);
        (string Renewed, int Duration)[] times = [("2999-01-01T00:00:00.000000Z", 15), ("1970-01-01T00:00:00.000000Z", 15), ("2026-01-01T00:00:00.000000Z", -5), ("2026-01-01T00:00:00.000000Z", int.MaxValue)];
        foreach (((string renewed, int duration), int place) in times.Select((one, place) => (one, place)))
        {
            rig.Server.Put(FleetRig.Leases, Lease("{\"default/db\":{\"held\":1}}", $"{Name}{place}", spec =>
            {
                spec["renewTime"] = renewed;
                spec["leaseDurationSeconds"] = duration;
            }));
        }

        await rig.UntilAsync(() => a.Database.Peers is { Unknown.Count: 0 } peers && peers.Activity.Held == times.Length);
        await rig.UntilAsync(() => a.Database.Peers.Unknown.Count == times.Length);
    }

    /// <summary>No API server has such a Lease today. One that had would have a gateway's behind it all the same.</summary>
    [Test]
    public async Task Lease_ThatCannotBeReadAtAll_CountsAsActive_WhetherItWasKnownBeforeOrNot()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        PlayedGateway a = await LeadAsync(rig);
        rig.Server.Put(FleetRig.Leases, Lease("{}", Name, spec => spec["renewTime"] = "yesterday"));
        await rig.UntilAsync(() => a.Database.Peers.Unknown is [Name]);
        Assert.That(a.Fleet.Peers.ReadAll().Single(one => !one.IsOwn).IsKnown, Is.False);
        await HearAsync(rig, a, "{}", () => a.Database.Peers.Unknown.Count == 0);
        rig.Server.Put(FleetRig.Leases, Lease("{}", Name, spec => spec["leaseDurationSeconds"] = "long"));
        await rig.UntilAsync(() => a.Database.Peers.Unknown is [Name] && !a.Fleet.Peers.ReadAll().Single(one => !one.IsOwn).IsKnown);
        Assert.That(await a.SuspendAsync(new Serverless.Host.Compute.Kubernetes.Fleet.Suspending.SuspendTerms(ByOperator: false, null, null, TimeSpan.FromSeconds(1))), Does.Contain("not all gateways had promised"));
        await rig.UntilAsync(() => a.IsOpen);
    }

    [Test]
    public void Promises_ThatCannotBe_AreNone()
    {
        foreach (string? text in (string?[])[.. Nonsense, "{\"default/db\":\"x\"}", "{\"default/db\":null}", "{\"default/db\":1}"]) Assert.That(GatewayNotes.ReadPromises(text), Is.Empty, text);
    }

    /// <summary>What gateways write, with bytes of it changed, left out and doubled.</summary>
    [Test]
    public void Notes_ThatWereTamperedWith_AreReadWithinBounds_OrNotAtAll()
    {
        var random = new Random(5);
        string written = GatewayNotes.Write(new Dictionary<string, GatewayActivity>
        {
            ["default/db"] = new(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), ["default/crm"] = new(0, 0, 0, 0, 12, 0, 1L << 40, null, 0, 0, 99),
        });
        const string alphabet = "{}[]\":,-+.eE0123456789 \\untlfa\u0000";
        for (int round = 0; round < 20_000; round++)
        {
            var text = new List<char>(written);
            for (int change = random.Next(1, 6); change > 0; change--)
            {
                int at = random.Next(text.Count);
                switch (random.Next(3))
                {
                    case 0: text[at] = alphabet[random.Next(alphabet.Length)]; break;
                    case 1: text.RemoveAt(at); break;
                    default: text.Insert(at, alphabet[random.Next(alphabet.Length)]); break;
                }
            }

            string tampered = new([.. text]);
            Assert.That(GatewayNotes.ReadActivity(tampered)?.Values.All(one => one.IsPlausible) ?? true, Is.True, tampered);
            Assert.That(() => GatewayNotes.ReadPromises(tampered), Throws.Nothing, tampered);
        }
    }

    private static string Of(string figure, string value) => string.Create(CultureInfo.InvariantCulture, $"{{\"default/db\":{{\"quietMs\":5,\"{figure}\":{value}}}}}");

    private static async Task<PlayedGateway> LeadAsync(FleetRig rig, FleetOptions? options = null)
    {
        PlayedGateway a = rig.Add("a", options: options);
        await rig.UntilAsync(() => a.IsOpen && a.Fleet.Election.Current.IsHere);
        return a;
    }

    private static async Task HearAsync(FleetRig rig, PlayedGateway a, string? text, Func<bool> heard)
    {
        rig.Server.Put(FleetRig.Leases, Lease(text, Name));
        await rig.UntilAsync(() => a.Fleet.Peers.All.Count == 2 && heard());
    }

    private static JsonObject Lease(string? activity, string name, Action<JsonObject>? change = null)
    {
        var spec = new JsonObject { ["holderIdentity"] = $"{name}_1", ["renewTime"] = "2026-03-01T08:00:00.000000Z", ["leaseDurationSeconds"] = 15 };
        change?.Invoke(spec);
        var annotations = new JsonObject { [FleetNames.Promises] = "{}" };
        if (activity is not null) annotations[FleetNames.Activity] = activity;
        return new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { [FleetNames.FleetLabel] = "serverless" }, ["annotations"] = annotations },
            ["spec"] = spec,
        };
    }
}
