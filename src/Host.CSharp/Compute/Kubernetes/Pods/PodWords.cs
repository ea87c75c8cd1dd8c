using System.Net;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Pods;

/// <summary>What a pod's status says, for decisions and in words.</summary>
internal static class PodWords
{
    /// <summary>It was told to end, or is about to be.</summary>
    public static bool IsTerminating(this Pod pod) => pod.Metadata.DeletionTimestamp is not null;

    /// <summary>All of its containers have ended for good.</summary>
    public static bool IsOver(this Pod pod) => pod.Status.Phase is "Failed" or "Succeeded";

    public static bool IsReady(this Pod pod) => pod.Status.Conditions.Any(one => one is { Type: "Ready", IsTrue: true });

    public static ContainerStatus? OfContainer(this PodStatus status, string container) => status.ContainerStatuses.FirstOrDefault(one => one.Name == container);

    public static Container? FindContainer(this PodSpec spec, string container) => spec.Containers.FirstOrDefault(one => one.Name == container);

    /// <summary>Null: it has none yet.</summary>
    public static IPAddress? Address(this Pod pod) => IPAddress.TryParse(pod.Status.PodIp, out IPAddress? address) ? address : null;

    /// <summary>Why it does not serve yet, as far as the cluster tells.</summary>
    public static string WhyNotServing(this Pod pod, string container)
    {
        if (pod.IsTerminating())
        {
            return $"pod {pod.Metadata.Name} is being deleted";
        }

        if (pod.Status.Conditions.FirstOrDefault(one => one.Type == "PodScheduled" && !one.IsTrue) is { } unscheduled)
        {
            return $"pod {pod.Metadata.Name} has no node: {Shown.Of(unscheduled.Message ?? unscheduled.Reason ?? "nothing more is said")}";
        }

        if (pod.Status.OfContainer(container) is not { } status)
        {
            return $"pod {pod.Metadata.Name} is {pod.Status.Phase ?? "new"}, its container {container} was not begun";
        }

        if (status.State.Waiting is { } waiting)
        {
            return $"container {container} of pod {pod.Metadata.Name} waits: {waiting.Reason}{(waiting.Message is { } message ? ": " + Shown.Of(message) : "")}{After(status)}";
        }

        return status.State.Terminated is { } ended
            ? $"container {container} of pod {pod.Metadata.Name} ended{End(ended)}"
            : $"container {container} of pod {pod.Metadata.Name} runs, and its engine does not answer yet{After(status)}";
    }

    /// <summary>How a container ended, to be put behind a verb; empty when nobody tells.</summary>
    public static string End(TerminatedState? end) => end is null
        ? ""
        : $" with {(end.Signal is > 0 and { } signal ? $"signal {signal}" : $"exit code {end.ExitCode}")}{(end.Reason is { Length: > 0 } reason ? $" ({Shown.Of(reason)})" : "")}";

    private static string After(ContainerStatus status) => status.LastState.Terminated is { } last ? $"; before that it ended{End(last)}, {status.RestartCount} restarts so far" : "";
}
