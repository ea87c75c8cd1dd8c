using Serverless.Host.Cli.Up;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Control.Settings;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>Which databases labels ask for.</summary>
internal sealed class FoundSetsTests
{
    private static readonly TakenByOthers Nothing = new(new Dictionary<string, string>(), new Dictionary<ObjectName, string>(), new Dictionary<ObjectName, string>());

    [Test]
    public void Labels_ThatCannotBeServed_AreToldWithWhatToDo()
    {
        TakenByOthers taken = Nothing with { Names = new Dictionary<string, string> { ["taken"] = "one of the configuration" } };
        FoundSets found = FoundSets.Of([Set("a", "shop", 1), Set("b", "shop", 2), Set("c", "taken", 3), Set("d", "x.y", 4), Set("e", null, 5), Set("f", "gone", 6, isGone: true)], taken);
        Assert.That(found.Databases, Is.EqualTo(new Dictionary<string, ObjectName> { ["shop"] = new("default", "a") }));
        Assert.That(found.Troubles, Has.Count.EqualTo(3));
        Assert.That(found.Troubles[0], Does.Contain("default/b").And.Contain("is StatefulSet default/a, which is older"));
        Assert.That(found.Troubles[1], Does.Contain("default/c").And.Contain("one of the configuration"));
        Assert.That(found.Troubles[2], Does.Contain("default/d").And.Contain("found `x.y`"));
    }

    /// <summary>Otherwise two gateways would lead one name to two databases, or one would after it started again.</summary>
    [Test]
    public void Name_ThatTwoAskFor_IsTheOlderOnes_WhicheverWasHeardOfFirst_AndIsServed()
    {
        StatefulSet older = Set("b", "shop", 1), newer = Set("a", "shop", 2);
        TakenByOthers served = Nothing with { Held = new Dictionary<ObjectName, string> { [new("default", "a")] = "shop" } };
        foreach (FoundSets found in new[] { FoundSets.Of([older, newer], Nothing), FoundSets.Of([newer, older], Nothing), FoundSets.Of([newer, older], served) })
        {
            Assert.That(found.Databases["shop"].Name, Is.EqualTo("b"));
        }

        StatefulSet twin = Set("c", "shop", 1);
        Assert.That(FoundSets.Of([twin, older], Nothing).Databases, Is.EqualTo(FoundSets.Of([older, twin], Nothing).Databases), "of the same second");
    }

    [Test]
    public void StatefulSet_ThatIsADatabaseAlready_IsNoOther()
    {
        TakenByOthers taken = Nothing with
        {
            Configured = new Dictionary<ObjectName, string> { [new("default", "a")] = "crm" }, Held = new Dictionary<ObjectName, string> { [new("default", "b")] = "shop", [new("default", "c")] = "Desk" },
        };
        FoundSets found = FoundSets.Of([Set("a", "store", 1), Set("b", "stock", 2), Set("c", "desk", 3)], taken);
        Assert.That(found.Databases, Is.EqualTo(new Dictionary<string, ObjectName> { ["desk"] = new("default", "c") }), "the one whose name it is still");
        Assert.That(found.Troubles[0], Does.Contain("default/a").And.Contain("database `crm` of the configuration").And.Contain("take its label"));
        Assert.That(found.Troubles[1], Does.Contain("default/b").And.Contain("is database `shop` still").And.Contain("then it is `stock`"));
    }

    [Test]
    public void Prefix_OfTheConfiguration_IsNoNameForALabel_WhereClientsMeetBoth()
    {
        HostSettings settings = DiscoveryConfiguration.Read(
            """{"name": "crm", "userPrefix": "customers"}, {"name": "alone", "userPrefix": "elsewhere", "listen": "127.0.0.1:3399"}""");
        TakenByOthers taken = Nothing with { Names = TakenByOthers.NamesOf(settings.Databases, settings.Discovery!) };
        FoundSets found = FoundSets.Of([Set("a", "Customers", 1), Set("b", "CRM", 2), Set("c", "elsewhere", 3)], taken);
        Assert.That(found.Databases.Keys, Is.EqualTo(new[] { "elsewhere" }));
        Assert.That(found.Troubles[0], Does.Contain("default/a").And.Contain("the `userPrefix` of database `crm`"));
        Assert.That(found.Troubles[1], Does.Contain("default/b").And.Contain("one of the configuration"));
    }

    private static StatefulSet Set(string name, string? database, int created, bool isGone = false) => new()
    {
        Metadata = new ObjectMeta
        {
            Name = name, Namespace = "default", Uid = $"uid-of-{name}", CreationTimestamp = DateTimeOffset.UnixEpoch.AddSeconds(created), DeletionTimestamp = isGone ? DateTimeOffset.UnixEpoch : null,
            Labels = database is null ? new Dictionary<string, string>() : new Dictionary<string, string> { [DiscoverySettings.Label] = database },
        },
    };
}
