using System.Globalization;
using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;

namespace Serverless.Host.Compute.Kubernetes.Wesql;

/// <summary>
/// What stands on a logger's StatefulSet while it is to stop once its data node has: whose logger it is. Stopping it needs the version that has the mark, and waking the data node takes the mark off after it
/// was scaled up, so a stop that is late fails.
/// </summary>
internal static class LoggerMark
{
    public const string Annotation = "serverless.mysql/stops-with";

    public static string Of(StatefulSet dataNode) => $"{dataNode.Metadata.Name}/{dataNode.Metadata.Uid}";

    public static string? Read(StatefulSet logger) => logger.Metadata.Annotations.GetValueOrDefault(Annotation);

    /// <summary>Another data node, which is not this one from before it was made anew, has it for its logger.</summary>
    public static bool IsOfAnother(StatefulSet logger, string dataNode) => Read(logger) is { } mark && mark.Split('/')[0] != dataNode;

    /// <summary>It is marked as this data node's logger, from before that was made anew perhaps.</summary>
    public static bool IsOf(StatefulSet logger, string dataNode) => Read(logger)?.Split('/')[0] == dataNode;

    /// <summary>Marks it, and notes its replicas; null: all of that is there.</summary>
    public static JsonObject? Write(StatefulSet logger, string mark)
    {
        var annotations = new JsonObject();
        if (Read(logger) != mark)
        {
            annotations[Annotation] = mark;
        }

        string replicas = Workload.ReplicasOf(logger).ToString(CultureInfo.InvariantCulture);
        if (Workload.ReplicasOf(logger) > 0 && (logger.Metadata.Annotations.TryGetValue(ReplicaRecord.Annotation, out string? noted) ? noted != replicas : replicas != "1"))
        {
            annotations[ReplicaRecord.Annotation] = replicas;
        }

        return annotations.Count == 0 ? null : Change(logger, annotations);
    }

    /// <summary>Takes it off; null: there is none.</summary>
    public static JsonObject? Remove(StatefulSet logger) => Read(logger) is null ? null : Change(logger, new JsonObject { [Annotation] = null });

    private static JsonObject Change(StatefulSet logger, JsonObject annotations) =>
        new() { ["metadata"] = new JsonObject { ["resourceVersion"] = logger.Metadata.ResourceVersion, ["annotations"] = annotations } };
}
