using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute;
using Serverless.Host.Compute.External;
using Serverless.Host.Compute.Kubernetes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Config;
using Serverless.Host.Compute.Kubernetes.Wesql;
using Serverless.Host.Compute.Local;
using Serverless.Host.Control.Fleet;
using Serverless.Host.Control.Settings;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Mysql;

namespace Serverless.Host.Cli.Up;

/// <summary>Makes the compute of each database as it is configured, and keeps what several have in common: databases of one cluster share a client and its watches.</summary>
internal sealed class HostComputes(GatewayServer gateway, FleetSettings fleet, string data, TextWriter output, ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<KubernetesCluster, SharedAttempt<HostFleet>> _fleets = new();
    private readonly ConcurrentDictionary<string, FleetMember> _members = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<(string? Kubeconfig, string? Context), SharedAttempt<KubernetesCluster>> _clusters = new();

    /// <summary>Which StatefulSets are databases already.</summary>
    public SetPlaces Places { get; } = new(AccessTo);

    /// <summary>This gateway has its own Lease in every fleet that it joined.</summary>
    public bool AreMembers => _fleets.Values.All(attempt => attempt.Succeeded is { IsCompletedSuccessfully: true } joined && joined.Result.Fleet.Lease.IsMember);

    /// <summary>What was asked of API servers since the start, those of all clusters together.</summary>
    public IEnumerable<KeyValuePair<ApiCallKind, long>> ReadCalls() => _clusters.Values
        .SelectMany(attempt => attempt.Succeeded is { IsCompletedSuccessfully: true } cluster ? cluster.Result.Calls : Enumerable.Empty<KeyValuePair<ApiCallKind, long>>())
        .GroupBy(one => one.Key, one => one.Value)
        .Select(kind => KeyValuePair.Create(kind.Key, kind.Sum()));

    /// <summary>Starts nothing.</summary>
    /// <exception cref="ComputeException">It cannot be used as it is configured; the message says what to do.</exception>
    public async Task<OpenedCompute> OpenAsync(DatabaseSettings settings, CancellationToken cancellation) => settings.Compute switch
    {
        ComputeKind.External => new OpenedCompute(new ExternalCompute(
            new ExternalComputeOptions
            {
                Name = settings.Name, Address = settings.Backend!, Tls = TlsTo(settings, $"{settings.Backend!.Address}"), User = settings.User, Password = settings.Password!,
            },
            gateway.Loops.Next())),
        ComputeKind.Kubernetes => await OpenKubernetesAsync(settings, cancellation),
        _ => new OpenedCompute(await OpenLocalAsync(settings, cancellation)),
    };

    /// <summary>What it is, for people.</summary>
    public static string Describe(ICompute compute, DatabaseSettings settings) => compute switch
    {
        LocalCompute local => $"{local.EngineName}, size limited by {local.SizeIsLimitedBy}",
        KubernetesCompute kubernetes => kubernetes.Description,
        _ => $"external server at {settings.Backend}",
    };

    /// <summary>The StatefulSets of a namespace, once all that are there are known.</summary>
    /// <param name="settings">Which cluster, and which namespace.</param>
    /// <exception cref="ComputeException">The cluster cannot be used, or does not let us see them.</exception>
    public async Task<NamespaceWatch> WatchAsync(KubernetesSettings settings, CancellationToken cancellation)
    {
        KubernetesCluster cluster = await ClusterOf(settings).GetAsync(cancellation);
        NamespaceWatch watch = cluster.WatchOf(settings.Namespace ?? cluster.Api.Namespace);
        try
        {
            await watch.SyncedAsync(cancellation);
            if (fleet.On)
            {
                // before any database of it is known: until then this gateway is not ready
                await FleetOf(cluster).GetAsync(cancellation);
            }

            return watch;
        }
        catch (ApiException e)
        {
            throw new ComputeException($"databases cannot be looked for: {e.Message}", e);
        }
    }

    /// <summary>A database that is served no more: no other gateway waits for this one's word on it.</summary>
    public void Forget(string name)
    {
        if (_members.TryRemove(name, out FleetMember? member))
        {
            member.Dispose();
        }

        Places.Leave(name);
    }

    /// <summary>Leaves the fleets, whose gates must be closed, and then the clusters.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (FleetMember member in _members.Values)
        {
            member.Dispose();
        }

        await Task.WhenAll(_fleets.Values.Select(async attempt =>
        {
            if (attempt.Succeeded is { } joined)
            {
                await (await joined).DisposeAsync();
            }
        }));
        foreach (SharedAttempt<KubernetesCluster> attempt in _clusters.Values)
        {
            if (attempt.Succeeded is { } cluster)
            {
                await (await cluster).DisposeAsync();
            }
        }
    }

    private async Task<ICompute> OpenLocalAsync(DatabaseSettings settings, CancellationToken cancellation)
    {
        if (!Directory.Exists(settings.Data))
        {
            await output.WriteLineAsync($"{settings.Name}: making a database in {settings.Data} (this takes a few seconds)");
        }

        var options = new LocalComputeOptions
        {
            Name = settings.Name,
            Directory = settings.Data,
            EnginePath = settings.Engine.Path,
            EngineArguments = settings.Engine.Arguments,
            SilenceLimit = settings.Engine.SilentFor,
            FirstAccountUser = settings.User,
            FirstAccountPassword = settings.Password is { Length: > 0 } password ? password : null,
        };
        return await LocalCompute.OpenAsync(options, gateway.Loops.Next(), loggers.CreateLogger<LocalCompute>(), TimeProvider.System, cancellation);
    }

    private async Task<OpenedCompute> OpenKubernetesAsync(DatabaseSettings settings, CancellationToken cancellation)
    {
        KubernetesSettings chosen = settings.Kubernetes;
        KubernetesCluster cluster = await ClusterOf(chosen).GetAsync(cancellation);
        Places.Take(settings);
        string space = chosen.Namespace ?? cluster.Api.Namespace;
        FleetMember? member = fleet.On ? await MemberAsync(settings.Name, cluster, new ObjectName(space, chosen.StatefulSet!), cancellation) : null;
        var options = new KubernetesComputeOptions
        {
            Name = settings.Name,
            Namespace = space,
            StatefulSet = chosen.StatefulSet!,
            Container = chosen.Container ?? "",
            Port = chosen.Port,
            User = settings.User,
            Password = settings.Password!,
            Tls = TlsTo(settings, $"{chosen.StatefulSet}.{space}.svc"),
            TrustsStorage = chosen.TrustsStorage,
            ManagesBufferPool = chosen.ManagesBufferPool,
            StartLimit = chosen.StartFor,
            ResizeLimit = chosen.ResizeFor,
            Wesql = chosen.IsWesql ? new WesqlOptions { Loggers = chosen.Loggers, Snapshot = chosen.Snapshot, SnapshotLimit = chosen.SnapshotFor } : null,
            ReadsProxyHeader = chosen.ProxyProtocol,
            ReadsNodes = chosen.NodeCapacity,
            ReadsAnnotations = chosen.ReadsAnnotations,
            WhyNotStop = member is null ? null : member.WhyNotStop,
        };
        return new OpenedCompute(await KubernetesCompute.OpenAsync(options, cluster, gateway.Loops.Next(), loggers.CreateLogger<KubernetesCompute>(), TimeProvider.System, cancellation), member);
    }

    /// <summary>Made once for each database, also where it cannot be opened yet: the others wait for the word of this gateway, whose gate is closed.</summary>
    private async Task<FleetMember> MemberAsync(string name, KubernetesCluster cluster, ObjectName set, CancellationToken cancellation)
    {
        HostFleet joined = await FleetOf(cluster).GetAsync(cancellation);
        return _members.GetOrAdd(name, _ => new FleetMember(gateway.Databases[name], joined.Fleet, joined.States, cluster.WatchOf(set.Space!), set, TimeProvider.System, fleet.SharesAccounts));
    }

    private SharedAttempt<HostFleet> FleetOf(KubernetesCluster cluster) =>
        _fleets.GetOrAdd(cluster, one => new SharedAttempt<HostFleet>(() => HostFleet.JoinAsync(one, fleet, data, loggers, CancellationToken.None)));

    private SharedAttempt<KubernetesCluster> ClusterOf(KubernetesSettings settings) =>
        _clusters.GetOrAdd((settings.Kubeconfig, settings.Context), key => new SharedAttempt<KubernetesCluster>(() => ConnectAsync(key.Kubeconfig, key.Context)));

    /// <remarks>Not with the patience of one database: the others wait for the same.</remarks>
    private Task<KubernetesCluster> ConnectAsync(string? kubeconfig, string? context) =>
        KubernetesCluster.OpenAsync(AccessTo(kubeconfig, context), new ApiOptions(), TimeProvider.System, loggers, CancellationToken.None);

    /// <exception cref="ComputeException">None is found.</exception>
    private static ClusterAccess AccessTo(string? kubeconfig, string? context) => new ClusterAccessFinder(Environment.GetEnvironmentVariable, TimeProvider.System).Find(kubeconfig, context);

    private static EngineTls? TlsTo(DatabaseSettings settings, string host) => settings.BackendTls == BackendTls.Off
        ? null
        : new EngineTls(settings.BackendTls != BackendTls.Preferred, settings.BackendTls == BackendTls.Verified, host);
}

/// <param name="Member">What the database is among several gateways; null: this one is alone.</param>
internal sealed record OpenedCompute(ICompute Compute, FleetMember? Member = null);
