using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Fleet.Commands;

/// <summary>The commands of operators that stand on a StatefulSet. Whoever changes one writes on what the server has: of two that would take the same command, one does.</summary>
internal sealed class CommandBoard(IKubernetesApi api, ObjectName set, TimeProvider time)
{
    private const int MostAttempts = 16;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    /// <param name="change">Given what stands there, what shall; it may be called several times, each time with what is there then. Null: nothing is to be done.</param>
    /// <exception cref="ApiException">It could not be read, or not be written.</exception>
    public async Task ChangeAsync(Func<IReadOnlyList<CommandNote>, IReadOnlyList<CommandNote>?> change, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            StatefulSet found = await api.GetAsync(Resources.StatefulSets, set, cancellation);
            if (change(CommandNote.Read(found)) is not { } wanted)
            {
                return;
            }

            try
            {
                var metadata = new JsonObject { ["resourceVersion"] = found.Metadata.ResourceVersion, ["annotations"] = new JsonObject { [FleetNames.Commands] = CommandNote.Write(wanted) } };
                await api.PatchAsync(Resources.StatefulSets, set, Patch.Merge(new JsonObject { ["metadata"] = metadata }), cancellation);
                return;
            }
            catch (ApiException e) when (e.Failure == ApiFailure.Conflict && attempt < MostAttempts)
            {
                await Task.Delay(s_pause * attempt * (0.5 + Random.Shared.NextDouble()), time, cancellation);
            }
        }
    }
}
