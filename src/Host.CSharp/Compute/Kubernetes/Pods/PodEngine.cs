using System.Net;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Compute.Kubernetes.Pods;

/// <summary>The engine in one pod, in one life of it, and the gateway's own connections to it.</summary>
internal sealed class PodEngine : IAsyncDisposable
{
    private volatile Known? _known;

    public PodEngine(PodIdentity identity, BackendAddress address, KubernetesComputeOptions options, EventLoop loop, TimeProvider time)
    {
        (Identity, Address, IsWesql) = (identity, address, options.Wesql is not null);
        Sql = new EngineSql(loop, address, options.User, options.Password, options.StatementLimit);
        MetricSql = new MetricSql(
            opening => new EngineSql(loop, address, options.User, options.Password, options.StatementLimit, opening, MetricSql.Capabilities), Sql, options.StatementLimit);
        Sampler = new StatusSampler(time);
    }

    public PodIdentity Identity { get; }

    public BackendAddress Address { get; }

    /// <summary>It is a node of a WeSQL cluster, which has one leader and says so itself.</summary>
    public bool IsWesql { get; }

    /// <summary>What it said of its role in that cluster when it was asked last, in words; null: it was not.</summary>
    public string? RoleSaid { get; set; }

    public EngineSql Sql { get; }

    public MetricSql MetricSql { get; }

    public StatusSampler Sampler { get; }

    /// <summary>It is being stopped on purpose: that it ends is no crash.</summary>
    public bool EndIsExpected { get; set; }

    /// <summary>Timestamp of when it answered last, as far as that was looked at; null: not since it serves.</summary>
    public long? AnsweredAt { get; set; }

    /// <summary>Timestamp since when it gives no answer; null: it answers.</summary>
    public long? SilentSince { get; set; }

    /// <summary>Timestamp of when it was asked for its role among several pods; null: it was not.</summary>
    public long? RoleAskedAt { get; set; }

    /// <summary>The pod that was found to be the primary in its place, with the last look; null: none was.</summary>
    public PodIdentity? Successor { get; set; }

    public IPAddress? Ip => Address.Tcp?.Address;

    /// <exception cref="EngineSqlException">It does not answer.</exception>
    public async Task<ServerFamily> FamilyAsync(CancellationToken cancellation)
    {
        _known ??= new Known(await Sql.FamilyAsync(cancellation));
        return _known.Family;
    }

    public async ValueTask DisposeAsync()
    {
        await Sql.DisposeAsync();
        await MetricSql.DisposeAsync();
    }

    private sealed record Known(ServerFamily Family);
}
