using System.Globalization;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Pods;
using Serverless.Host.Compute.Kubernetes.Sizing;

namespace Serverless.Host.Compute.Kubernetes;

/// <summary>How large its pods can be where they are.</summary>
internal sealed partial class KubernetesCompute
{
    private static readonly ComputeSize s_unbounded = new(long.MaxValue, long.MaxValue);

    private Room _room = new(s_unbounded, "");

    /// <summary>0: nobody asks for it now.</summary>
    private int _asksForRoom;

    /// <inheritdoc/>
    /// <remarks>
    /// That of the nodes that its pods are on, or were on last, where the gateway may ask for it. Otherwise it is not known before a size is asked for: a node may be added for a pod that fits none, and what does not fit is
    /// told by the resize.
    /// </remarks>
    public ComputeSize Capacity => Volatile.Read(ref _room).Size;

    /// <summary>Nothing waits for it: whoever looks at the compute is told when it is another one.</summary>
    private void AskForRoom(IReadOnlyList<Pod> pods)
    {
        if (_options.ReadsNodes && Interlocked.Exchange(ref _asksForRoom, 1) == 0)
        {
            _ = AskForRoomAsync(pods);
        }
    }

    /// <summary>Never throws.</summary>
    private async Task AskForRoomAsync(IReadOnlyList<Pod> pods)
    {
        try
        {
            if (await FindRoomAsync(pods) is { } found && found != Interlocked.Exchange(ref _room, found) && !_disposed)
            {
                Changed?.Invoke();
            }
        }
        catch (ObjectDisposedException)
        {
            // the gateway ends
        }
        finally
        {
            Volatile.Write(ref _asksForRoom, 0);
        }
    }

    /// <summary>All pods have one size, so the smallest of their nodes counts.</summary>
    /// <returns>Null: none of their nodes is known.</returns>
    private async Task<Room?> FindRoomAsync(IReadOnlyList<Pod> pods)
    {
        Room? smallest = null;
        foreach (Pod pod in pods.Where(one => !one.IsTerminating() && !one.IsOver()))
        {
            if (pod.Spec.NodeName is not { Length: > 0 } node || await _cluster.Nodes.FindAsync(node, CancellationToken.None) is not { } allocatable)
            {
                continue;
            }

            ComputeSize room = NodeRoom.Of(allocatable, pod.Spec, _options.Container);
            smallest = smallest is { } before
                ? new Room(new ComputeSize(Math.Min(before.Size.CpuMillicores, room.CpuMillicores), Math.Min(before.Size.MemoryBytes, room.MemoryBytes)), room == before.Size ? before.Node : $"{before.Node}, {node}")
                : new Room(room, node);
        }

        return smallest;
    }

    /// <summary>Why the nodes cannot give its pods this size; null: they may.</summary>
    private string? WhyBeyondNode(ComputeSize size) => Volatile.Read(ref _room) is var room && (size.CpuMillicores > room.Size.CpuMillicores || size.MemoryBytes > room.Size.MemoryBytes)
        ? string.Create(CultureInfo.InvariantCulture, $"node {room.Node} has {room.Size.CpuMillicores}m cpu and {room.Size.MemoryBytes >> 20} MiB for it, and {size.CpuMillicores}m cpu and {size.MemoryBytes >> 20} MiB were to be given; it was not asked")
        : null;

    /// <param name="Node">Its name, or those of several.</param>
    private sealed record Room(ComputeSize Size, string Node);
}
