using System.Collections.Concurrent;
using Serverless.Host.Compute;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Config;
using Serverless.Host.Control.Settings;

namespace Serverless.Host.Cli.Up;

/// <summary>Which StatefulSet a database is, however that is written: with or without its namespace, by a context's name or as the current one.</summary>
/// <param name="Server">Of its cluster.</param>
internal readonly record struct SetPlace(Uri Server, ObjectName Set);

/// <summary>Each StatefulSet is one database of this gateway at most. Safe from any thread.</summary>
/// <param name="access">The way to a cluster, by kubeconfig and context.</param>
internal sealed class SetPlaces(Func<string?, string?, ClusterAccess> access)
{
    private readonly ConcurrentDictionary<(string? Kubeconfig, string? Context), (Uri Server, string Space)> _clusters = new();
    private readonly ConcurrentDictionary<SetPlace, string> _databases = new();

    /// <summary>The StatefulSets that databases of the configuration are, in the cluster where others are found.</summary>
    /// <returns>By StatefulSet, the database.</returns>
    public Dictionary<ObjectName, string> ConfiguredBeside(HostSettings settings)
    {
        var sets = new Dictionary<ObjectName, string>();
        if (settings.Discovery is not { } discovery || ClusterOf(discovery.Template.Kubernetes) is not { } here)
        {
            return sets;
        }

        foreach (DatabaseSettings one in settings.Databases.Where(one => one.Compute == ComputeKind.Kubernetes))
        {
            if (Of(one.Kubernetes) is { } place && place.Server == here.Server)
            {
                sets.TryAdd(place.Set, one.Name);
            }
        }

        return sets;
    }

    /// <summary>It is this database from here on.</summary>
    /// <exception cref="ComputeException">It is another one; the message says what to do.</exception>
    public void Take(DatabaseSettings settings)
    {
        if (Of(settings.Kubernetes) is not { } place)
        {
            throw new ComputeException($"database `{settings.Name}`: the kubeconfig that leads to its cluster cannot be read any more: put it back");
        }

        string database = _databases.GetOrAdd(place, settings.Name);
        if (!string.Equals(database, settings.Name, StringComparison.OrdinalIgnoreCase))
        {
            throw new ComputeException($"database `{settings.Name}`: StatefulSet {place.Set} is database `{database}` already, and one StatefulSet is one database: take one of the two out of the configuration");
        }
    }

    /// <summary>It is served no more.</summary>
    public void Leave(string database)
    {
        foreach (KeyValuePair<SetPlace, string> one in _databases.Where(one => string.Equals(one.Value, database, StringComparison.OrdinalIgnoreCase)))
        {
            _databases.TryRemove(one);
        }
    }

    private SetPlace? Of(KubernetesSettings settings) =>
        settings.StatefulSet is { } set && ClusterOf(settings) is { } cluster ? new SetPlace(cluster.Server, new ObjectName(settings.Namespace ?? cluster.Space, set)) : null;

    /// <returns>Null: no way to it is found now.</returns>
    private (Uri Server, string Space)? ClusterOf(KubernetesSettings settings)
    {
        (string?, string?) key = (settings.Kubeconfig, settings.Context);
        if (_clusters.TryGetValue(key, out (Uri, string) known))
        {
            return known;
        }

        try
        {
            ClusterAccess found = access(settings.Kubeconfig, settings.Context);
            return _clusters.GetOrAdd(key, (found.Server, found.Namespace));
        }
        catch (ComputeException)
        {
            // whoever opens it is told
            return null;
        }
    }
}
