using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Wesql;

/// <summary>Whether the log that a logger keeps outlives its pod. A logger has no account that could be asked where it is, so one claim that stays is expected of it.</summary>
internal static class LoggerStorage
{
    /// <returns>Null: it does. Otherwise why not, and what to do.</returns>
    public static string? WhyLost(StatefulSet set)
    {
        if (set.Spec.PersistentVolumeClaimRetentionPolicy?.WhenScaled == "Delete" && set.Spec.VolumeClaimTemplates.Count > 0)
        {
            return $"the claims of its logger {set.Metadata.Name} are deleted when that is scaled down (persistentVolumeClaimRetentionPolicy.whenScaled: Delete): set that to Retain";
        }

        HashSet<string> kept = [.. set.Spec.VolumeClaimTemplates.Select(claim => claim.Metadata.Name), .. set.Spec.Template.Spec.Volumes.Where(one => one.PersistentVolumeClaim is not null).Select(one => one.Name)];
        return set.Spec.Template.Spec.Containers.Any(container => container.VolumeMounts.Any(mount => kept.Contains(mount.Name)))
            ? null
            : $"no container of its logger {set.Metadata.Name} has a PersistentVolumeClaim, and its log would go with its pods: give it one, or say that it stays (kubernetes:storage: trusted)";
    }
}
