using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes.Sizing;

internal enum ResizeStep
{
    /// <summary>Nothing is said of it, or it is being done.</summary>
    UnderWay,

    /// <summary>It is in force in the container.</summary>
    Done,

    /// <summary>The node has no room now, and tries again.</summary>
    Deferred,

    /// <summary>The node can never do it.</summary>
    Infeasible,

    /// <summary>The node tries, and something goes wrong; it tries again.</summary>
    Failing,
}

/// <summary>
/// How a resize stands, as a pod's status tells it: by conditions from 1.33 on (`PodResizePending`, `PodResizeInProgress`), by `status.resize` before. That the server took the patch says nothing; what is
/// in force stands in `status.containerStatuses[].resources`.
/// </summary>
/// <param name="Words">As the cluster says it.</param>
internal readonly record struct ResizeProgress(ResizeStep Step, string Words)
{
    public static ResizeProgress Of(Pod pod, string container, ResourceAmounts wanted)
    {
        if (pod.Status.Conditions.FirstOrDefault(one => one is { Type: "PodResizePending", IsTrue: true }) is { } pending && IsNews(pod, pending))
        {
            return new ResizeProgress(pending.Reason == "Infeasible" ? ResizeStep.Infeasible : ResizeStep.Deferred, Say(pending));
        }

        if (pod.Status.Conditions.FirstOrDefault(one => one is { Type: "PodResizeInProgress", IsTrue: true }) is { } running && IsNews(pod, running))
        {
            return new ResizeProgress(running.Reason == "Error" ? ResizeStep.Failing : ResizeStep.UnderWay, Say(running));
        }

        return pod.Status.Resize switch
        {
            "Infeasible" => new ResizeProgress(ResizeStep.Infeasible, "the node says Infeasible"),
            "Deferred" => new ResizeProgress(ResizeStep.Deferred, "the node says Deferred"),
            "Proposed" or "InProgress" => new ResizeProgress(ResizeStep.UnderWay, $"the node says {pod.Status.Resize}"),
            _ => pod.Status.OfContainer(container)?.Resources is { } inForce && ContainerSizing.AreNear(inForce, wanted)
                ? new ResizeProgress(ResizeStep.Done, "")
                : new ResizeProgress(ResizeStep.UnderWay, "the node says nothing of it"),
        };
    }

    /// <summary>What it says of an earlier change is old.</summary>
    private static bool IsNews(Pod pod, Condition condition) => condition.ObservedGeneration is not { } seen || pod.Metadata.Generation is not { } generation || seen >= generation;

    private static string Say(Condition condition) => $"the node says {condition.Reason ?? condition.Type}{(condition.Message is { Length: > 0 } message ? ": " + Shown.Of(message) : "")}";
}
