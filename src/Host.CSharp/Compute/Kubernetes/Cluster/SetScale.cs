using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Cluster;

/// <summary>The subresource `scale` of a StatefulSet.</summary>
internal static class SetScale
{
    /// <param name="set">As it was when this was decided.</param>
    /// <exception cref="ApiException"><see cref="ApiFailure.Conflict"/>: it is not that any more.</exception>
    public static Task ChangeAsync(IKubernetesApi api, StatefulSet set, int replicas, CancellationToken cancellation) => api.ReplaceAsync(
        Resources.StatefulSetScale,
        new Scale
        {
            Metadata = new ObjectMeta { Name = set.Metadata.Name, Namespace = set.Metadata.Namespace, Uid = set.Metadata.Uid, ResourceVersion = set.Metadata.ResourceVersion },
            Spec = new ScaleSpec { Replicas = replicas },
        },
        cancellation);
}
