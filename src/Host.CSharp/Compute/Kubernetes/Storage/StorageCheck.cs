using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Pods;

namespace Serverless.Host.Compute.Kubernetes.Storage;

/// <summary>Whether what an engine keeps outlives its pod. Pure; whoever is not sure refuses, since what is lost here is lost for good.</summary>
internal static class StorageCheck
{
    /// <param name="folders">Where the engine keeps its data, absolute.</param>
    /// <returns>Null: it does. Otherwise why not, and what to do.</returns>
    public static string? WhyLost(StatefulSet set, string container, IEnumerable<string> folders)
    {
        if (set.Spec.Template.Spec.FindContainer(container) is not { } found)
        {
            return $"StatefulSet {set.Metadata.Name} has no container {container} whose storage could be looked at";
        }

        return folders.Select(folder => WhyLost(set, found, folder)).FirstOrDefault(why => why is not null);
    }

    private static string? WhyLost(StatefulSet set, Container container, string folder)
    {
        VolumeMount? mount = container.VolumeMounts.Where(one => Holds(one.MountPath, folder)).MaxBy(one => one.MountPath.TrimEnd('/').Length);
        if (mount is null)
        {
            return $"its data ({folder}) is on no volume and would go with the pod: mount a PersistentVolumeClaim there";
        }

        if (set.Spec.VolumeClaimTemplates.Any(claim => claim.Metadata.Name == mount.Name))
        {
            return set.Spec.PersistentVolumeClaimRetentionPolicy?.WhenScaled == "Delete"
                ? $"its data ({folder}) is on the claim {mount.Name}, which is deleted when the StatefulSet is scaled down (persistentVolumeClaimRetentionPolicy.whenScaled: Delete): set that to Retain"
                : null;
        }

        return set.Spec.Template.Spec.Volumes.FirstOrDefault(volume => volume.Name == mount.Name) switch
        {
            { PersistentVolumeClaim: not null } => null,
            { HostPath: not null } => NodePin.IsOf(set.Spec.Template.Spec)
                ? null
                : $"its data ({folder}) is on {mount.Name}, a hostPath, and the next pod may come on another node, where that is empty: pin the pods to their node (nodeName, or kubernetes.io/hostname in a nodeSelector or a required node affinity), put it on a PersistentVolumeClaim, or say that it is the same everywhere (kubernetes:storage: trusted)",
            { EmptyDir: not null } => $"its data ({folder}) is on {mount.Name}, an emptyDir, and would go with the pod: put it on a PersistentVolumeClaim",
            _ => $"its data ({folder}) is on {mount.Name}, a volume that is not known to outlive the pod: put it on a PersistentVolumeClaim, or say that it does (kubernetes:storage: trusted)",
        };
    }

    private static bool Holds(string mount, string folder)
    {
        string root = mount.TrimEnd('/') + "/";
        return (folder.TrimEnd('/') + "/").StartsWith(root, StringComparison.Ordinal);
    }
}
