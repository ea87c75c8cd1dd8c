using Serverless.Host.Compute;
using Serverless.Host.Compute.Kubernetes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Wesql;

namespace Serverless.Tests.Integration.Kubernetes.Wesql;

/// <summary>What a StatefulSet that is found by its label says of its database.</summary>
internal sealed class WesqlAnnotationTests
{
    private static readonly KubernetesComputeOptions Options = new() { Name = "shop", Namespace = "default", StatefulSet = "db", Container = "", User = "root", Password = "" };

    [Test]
    public void Annotations_SayWhatItIs_AndWithoutThemTheConfigurationDoes()
    {
        KubernetesComputeOptions found = SetAnnotations.Apply(Options, Set(
            (SetAnnotations.Engine, "WeSQL"), (SetAnnotations.Loggers, "log-a, log-b"), (SetAnnotations.Snapshot, "required"), (SetAnnotations.ProxyProtocol, "on")));
        Assert.That(found.Wesql!.Loggers, Is.EqualTo(new[] { "log-a", "log-b" }));
        Assert.That((found.Wesql.Snapshot, found.ReadsProxyHeader), Is.EqualTo((SnapshotMode.Required, true)));
        Assert.That(SetAnnotations.Apply(Options, Set()), Is.EqualTo(Options));
        KubernetesComputeOptions above = Options with { Wesql = new WesqlOptions { Snapshot = SnapshotMode.Off }, ReadsProxyHeader = true };
        Assert.That(SetAnnotations.Apply(above, Set()), Is.EqualTo(above));
        Assert.That(SetAnnotations.Apply(above, Set((SetAnnotations.Engine, "mysql"), (SetAnnotations.ProxyProtocol, "off"))), Is.EqualTo(Options));
    }

    [TestCase(SetAnnotations.Engine, "oracle", "expected one of mysql, wesql, found `oracle`")]
    [TestCase(SetAnnotations.Loggers, "db", "expected names of other StatefulSets")]
    [TestCase(SetAnnotations.Loggers, "log-a,log-a", "expected names of other StatefulSets")]
    [TestCase(SetAnnotations.Loggers, "log a", "found `log a`")]
    [TestCase(SetAnnotations.Snapshot, "perhaps", "expected one of tried, required, off")]
    [TestCase(SetAnnotations.ProxyProtocol, "", "expected one of on, off")]
    public void Annotation_ThatSaysWhatCannotBe_IsNamed(string annotation, string text, string expected)
    {
        StatefulSet set = annotation == SetAnnotations.Engine ? Set((annotation, text)) : Set((SetAnnotations.Engine, "wesql"), (annotation, text));
        Assert.That(() => SetAnnotations.Apply(Options, set), Throws.TypeOf<ComputeException>().With.Message.Contains($"database `shop`: annotation {annotation} of StatefulSet db").And.Message.Contains(expected));
    }

    [Test]
    public void Loggers_WithoutWeSql_AreRefused() =>
        Assert.That(() => SetAnnotations.Apply(Options, Set((SetAnnotations.Loggers, "log-a"))), Throws.TypeOf<ComputeException>().With.Message.Contains("say `serverless.mysql/engine: wesql` too"));

    /// <summary>Who may annotate his own StatefulSet must not put another database to sleep.</summary>
    [Test]
    public void Logger_ThatIsADatabaseItself_OrIsNotThere_IsRefused()
    {
        var name = new ObjectName("default", "crm");
        StatefulSet database = new() { Metadata = new ObjectMeta { Name = "crm", Labels = new Dictionary<string, string> { [SetAnnotations.DatabaseLabel] = "crm" } } };
        Assert.That(() => SetAnnotations.RequireLogger(Options, new Workload(name, database, [], null)), Throws.TypeOf<ComputeException>().With.Message.Contains("is a database itself"));
        Assert.That(() => SetAnnotations.RequireLogger(Options, new Workload(name, null, [], null)), Throws.TypeOf<ComputeException>().With.Message.Contains("found none"));
        SetAnnotations.RequireLogger(Options, new Workload(name, new StatefulSet(), [], null));
    }

    [TestCase(null, false)]
    [TestCase("other", false)]
    [TestCase("db", true)]
    public void Logger_ThatAnAnnotationNames_HasToSayItItself(string? of, bool agrees)
    {
        KubernetesComputeOptions named = SetAnnotations.Apply(Options, Set((SetAnnotations.Engine, "wesql"), (SetAnnotations.Loggers, "log-a")));
        StatefulSet logger = new() { Metadata = new ObjectMeta { Name = "log-a", Annotations = of is null ? [] : new Dictionary<string, string> { [SetAnnotations.LoggerOf] = of } } };
        Assert.That(SetAnnotations.WhyNotLogger(named, logger), agrees ? Is.Null : Does.Contain("expected annotation serverless.mysql/logger-of: db on StatefulSet log-a"));
        Assert.That(SetAnnotations.WhyNotLogger(Options with { Wesql = new WesqlOptions { Loggers = ["log-a"] } }, logger), Is.Null, "who runs the gateway named it");
    }

    private static StatefulSet Set(params (string Name, string Text)[] annotations) =>
        new() { Metadata = new ObjectMeta { Name = "db", Annotations = annotations.ToDictionary(one => one.Name, one => one.Text) } };
}
