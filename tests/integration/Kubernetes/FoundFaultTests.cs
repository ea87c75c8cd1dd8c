using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Host.Cli.Up;
using Serverless.Host.Compute;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Config;
using Serverless.Host.Control.Settings;
using Serverless.Host.Gateway;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Gateway.Sessions;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>One database that cannot come or go keeps no other from it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class FoundFaultTests : IAsyncDisposable
{
    private const string Sets = "/apis/apps/v1/namespaces/default/statefulsets";
    private readonly TemporaryDirectory _directory = new();
    private readonly GatewayKey _key;
    private readonly PasswordWork _passwords = new(1);
    private readonly GatewayServer _gateway;

    public FoundFaultTests()
    {
        _key = GatewayKey.LoadOrCreate(_directory["key"], NullLogger.Instance);
        var login = new LoginServices(_key, _passwords, new FailureLimiter(TimeProvider.System, FailureLimits.Default), LoginServices.DefaultDeadline);
        _gateway = new GatewayServer(1, 100, DescriptorBudget.Unlimited, login, new GatewayOptions(), TimeProvider.System, NullLoggerFactory.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        _passwords.Dispose();
        _key.Dispose();
        _directory.Dispose();
    }

    [Test]
    public async Task DatabaseThatCannotBeAdded_AndOneThatCannotBeRemoved_KeepNoOtherFromComingAndGoing()
    {
        await using ApiDouble server = await ApiDouble.StartAsync();
        HostSettings settings = DiscoveryConfiguration.Read(kubernetes: $$"""{"kubeconfig": "{{Kubeconfig(server)}}"}""");
        await using var computes = new HostComputes(_gateway, FleetSettings.Default with { On = false }, _directory["data"], TextWriter.Null, NullLoggerFactory.Instance);
        var log = new RecordingLogger();
        var added = new ConcurrentQueue<string>();
        var removed = new ConcurrentQueue<string>();
        void Add(DatabaseSettings one)
        {
            if (one.Name == "bad") throw new InvalidOperationException("it does not go");
            added.Enqueue(one.Name);
        }

        Task RemoveAsync(DatabaseSettings one)
        {
            removed.Enqueue(one.Name);
            throw new InvalidOperationException("it does not end");
        }

        using var found = new FoundDatabases(settings, computes, Add, RemoveAsync, log);
        Put(server, "a", "bad");
        Put(server, "b", "shop");
        found.Start();
        await DoubleRig.UntilAsync(() => added.Contains("shop") && found.HasFollowed && log.Messages.Any(one => one.Contains("default/a: database `bad`: it does not go", StringComparison.Ordinal)), () => Told(log));
        server.Delete(Sets, "b");
        await DoubleRig.UntilAsync(() => removed.Contains("shop") && log.Messages.Any(one => one.Contains("could not be ended cleanly", StringComparison.Ordinal)), () => Told(log));
        Put(server, "c", "store");
        await DoubleRig.UntilAsync(() => added.Contains("store"), () => Told(log));
        await found.EndAsync();
        Assert.That(log.Messages.Count(one => one.Contains("it does not go", StringComparison.Ordinal)), Is.EqualTo(1), "told once, and tried with each change");
    }

    [Test]
    public void PrefixThatIsAnothers_IsRefused_AndEndsNoOther()
    {
        HostSettings settings = DiscoveryConfiguration.Read("""{"name": "crm", "userPrefix": "customers", "tls": {"mode": "off"}}""", listen: "127.0.0.1:0");
        var listeners = new HostListeners(settings, _gateway, NullLoggerFactory.Instance);
        foreach (string name in new[] { "crm", "customers", "shop", "store" })
        {
            _gateway.AddDatabase(name);
        }

        DatabaseSettings Found(string name) => settings.Discovery!.Of(name, "default", name) with { Tls = TlsSettings.Default with { Mode = ClientTlsMode.Off } };
        listeners.Listen(settings.Discovery!.Template.Listen);
        listeners.Add(Found("shop"));
        Assert.That(() => listeners.Add(Found("customers")), Throws.ArgumentException);
        Assert.That(() => listeners.Add(Found("store")), Throws.Nothing);
        Assert.That(() => listeners.Remove("shop"), Throws.Nothing);
    }

    [Test]
    public void StatefulSet_IsOneDatabase_HoweverItIsWritten()
    {
        using var directory = new TemporaryDirectory();
        string kubeconfig = directory["kubeconfig"];
        File.WriteAllText(kubeconfig, """
            clusters: [{name: lab, cluster: {server: "http://127.0.0.1:1"} }, {name: other, cluster: {server: "http://127.0.0.1:2"} }]
            users: [{name: me, user: {token: secret} }]
            contexts: [{name: lab, context: {cluster: lab, user: me, namespace: prod} }, {name: other, context: {cluster: other, user: me, namespace: prod} }]
            current-context: lab
            """);
        HostSettings settings = DiscoveryConfiguration.Read(
            """
            {"name": "plain", "userPrefix": "plain", "compute": "kubernetes", "kubernetes": {"statefulSet": "db"}},
            {"name": "spelled", "userPrefix": "spelled", "compute": "kubernetes", "kubernetes": {"statefulSet": "db", "namespace": "prod", "context": "lab"}},
            {"name": "elsewhere", "userPrefix": "elsewhere", "compute": "kubernetes", "kubernetes": {"statefulSet": "db", "context": "other"}}
            """, $$"""{"kubeconfig": "{{kubeconfig}}"}""");
        var places = new SetPlaces((file, context) => new ClusterAccessFinder(_ => null, TimeProvider.System).Find(file, context));
        Assert.That(places.ConfiguredBeside(settings), Is.EqualTo(new Dictionary<ObjectName, string> { [new("prod", "db")] = "plain" }), "of the cluster that is looked at, and no other");
        places.Take(settings.Databases[0]);
        places.Take(settings.Databases[0]);
        places.Take(settings.Databases[2]);
        Assert.That(() => places.Take(settings.Databases[1]), Throws.TypeOf<ComputeException>().With.Message.Contains("StatefulSet prod/db is database `plain` already"));
        places.Leave("plain");
        places.Take(settings.Databases[1]);
    }

    private string Kubeconfig(ApiDouble server)
    {
        File.WriteAllText(_directory["kubeconfig"], $$"""
            clusters: [{name: double, cluster: {server: "{{server.Address}}"} }]
            users: [{name: me, user: {token: secret} }]
            contexts: [{name: double, context: {cluster: double, user: me} }]
            current-context: double
            """);
        return _directory["kubeconfig"];
    }

    private static void Put(ApiDouble server, string name, string database) =>
        server.Put(Sets, new JsonObject { ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { [DiscoverySettings.Label] = database } }, ["spec"] = new JsonObject { ["replicas"] = 0 } });

    private static string Told(RecordingLogger log) => string.Join('\n', log.Messages);
}
