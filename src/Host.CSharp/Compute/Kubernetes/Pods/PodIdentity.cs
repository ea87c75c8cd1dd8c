using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Pods;

/// <summary>One life of an engine in a pod. A pod that was replaced has another uid; a container that was restarted in it has been restarted once more.</summary>
internal readonly record struct PodIdentity(string Name, string? Uid, int Restarts)
{
    public static PodIdentity Of(Pod pod, string container) => new(pod.Metadata.Name, pod.Metadata.Uid, pod.Status.OfContainer(container)?.RestartCount ?? 0);

    /// <summary>How this life ended, in words; null: it goes on as far as is known.</summary>
    /// <param name="now">The pods of the set that are there now.</param>
    public string? HowEnded(IEnumerable<Pod> now, string container)
    {
        string name = Name;
        Pod? pod = now.FirstOrDefault(one => one.Metadata.Name == name);
        if (pod is null)
        {
            return $"The pod {Name} is gone";
        }

        if (pod.Metadata.Uid != Uid)
        {
            return $"The pod {Name} was replaced by another one";
        }

        if (pod.IsTerminating())
        {
            return $"The pod {Name} is being deleted";
        }

        if (pod.IsOver())
        {
            return $"The pod {Name} has ended ({pod.Status.Phase}{(pod.Status.Reason is { Length: > 0 } reason ? ": " + Shown.Of(reason) : "")})";
        }

        ContainerStatus? status = pod.Status.OfContainer(container);
        return status is null || (status.RestartCount == Restarts && status.State.Terminated is null)
            ? null
            : $"The container {container} of the pod {Name} ended{PodWords.End(status.State.Terminated ?? status.LastState.Terminated)}";
    }
}
