using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Pods;
using Serverless.Host.Compute.Kubernetes.Storage;
using Serverless.Host.Compute.Kubernetes.Wesql;

namespace Serverless.Host.Compute.Kubernetes;

/// <summary>What is different where the database is a WeSQL cluster.</summary>
internal sealed partial class KubernetesCompute
{
    private readonly LoggerSets _loggers;

    /// <returns>Null: none is asked for before a stop.</returns>
    private async Task<SnapshotMode?> SnapshotModeAsync(PodEngine? engine, CancellationToken cancellation)
    {
        if (_options.Wesql is not { } wesql)
        {
            return null;
        }

        // what is on no claim is in the snapshot, or nowhere
        bool isNeeded = engine is not null && !_options.TrustsStorage && Look().Set is { } set && await WhyLostAsync(set, cancellation) is not null;
        return isNeeded ? SnapshotMode.Required : wesql.Snapshot == SnapshotMode.Off ? null : wesql.Snapshot;
    }

    /// <returns>Null: it is there. Otherwise why not.</returns>
    private async Task<string?> TakeSnapshotAsync(PodEngine? engine, StatefulSet set, CancellationToken cancellation)
    {
        string? failed = engine is null
            ? "no data node leads that could be asked for a snapshot"
            : await new ObjectStoreSnapshot(engine.Sql, _time).TakeAsync(_options.Wesql!.SnapshotLimit, cancellation);
        if (failed is not null)
        {
            LogNoSnapshot(_options.Name, failed);
            _cluster.Events.Tell(set, "SnapshotFailed", failed, isWarning: true);
        }

        return failed;
    }

    /// <summary>Whether the data node's volumes lose what it has; null: they keep it.</summary>
    private async Task<string?> WhyLostAsync(StatefulSet set, CancellationToken cancellation) =>
        StorageCheck.WhyLost(set, _options.Container, await DataFolders.ReadAsync(Engine?.Sql, cancellation));

    /// <summary>Loggers that are to sleep with their data node, and that whoever put it to sleep did not come to.</summary>
    private void StopLoggersLeftOver(StatefulSet set)
    {
        if (_options.Wesql is not null && _loggers.AreLeftOver(set))
        {
            _loggers.StopSoon(set);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: there is no snapshot of it as it is now: {Reason}")]
    private partial void LogNoSnapshot(string database, string reason);
}
