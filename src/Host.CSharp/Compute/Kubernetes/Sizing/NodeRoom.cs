using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Sizing;

/// <summary>What a container can have at most on a node: what the node gives to pods, less what the other containers of the same pod have of it. What other pods have is theirs today and gone tomorrow; such a size is put off, not infeasible.</summary>
internal static class NodeRoom
{
    /// <param name="allocatable">Of the node.</param>
    /// <param name="container">That gets the size.</param>
    public static ComputeSize Of(ComputeSize allocatable, PodSpec pod, string container)
    {
        long cpu = allocatable.CpuMillicores, memory = allocatable.MemoryBytes;
        foreach (Container other in pod.Containers.Where(one => one.Name != container).Concat(pod.InitContainers.Where(one => one.RestartPolicy == "Always")))
        {
            cpu -= Requested(other, Amounts.Cpu, static one => one.MilliValue);
            memory -= Requested(other, Amounts.Memory, static one => one.Value);
        }

        return new ComputeSize(Math.Max(1, cpu), Math.Max(1, memory));
    }

    /// <remarks>A request that is not said is the limit.</remarks>
    private static long Requested(Container container, string resource, Func<Quantity, long> read) =>
        container.Resources.Requests.TryGetValue(resource, out Quantity request) || container.Resources.Limits.TryGetValue(resource, out request) ? Math.Max(0, read(request)) : 0;
}
