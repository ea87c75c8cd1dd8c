using System.Globalization;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Sizing;

/// <summary>
/// How a cluster lets the resources of a pod that runs be changed, by its version and by what it serves, see
/// https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/.
/// </summary>
/// <param name="Resource">What is patched.</param>
internal sealed record ResizeRoute(Resource<Pod> Resource, int Minor)
{
    /// <summary>Pods themselves were patched from here on, where the feature gate InPlacePodVerticalScaling was set.</summary>
    private const int FirstByPod = 27;

    /// <summary>Here the subresource took its place.</summary>
    private const int FirstBySubresource = 32;

    /// <summary>Limits of memory can be lowered in a container that runs on.</summary>
    private const int FirstLowering = 34;

    /// <returns>Null: it does not.</returns>
    public static ResizeRoute? Of(ServedApis served) => served switch
    {
        { HasPodResize: true } => new ResizeRoute(Resources.PodResize, served.Minor),
        { Major: 1, Minor: >= FirstByPod and < FirstBySubresource } => new ResizeRoute(Resources.Pods, served.Minor),
        _ => null,
    };

    public static string WhyNone(ServedApis served) =>
        $"this cluster ({served.Version}) changes no pod that runs: it does not serve pods/resize, which Kubernetes does from 1.33 on, and before, from 1.27 on, behind the feature gate InPlacePodVerticalScaling. "
        + "The pods get another size when they start the next time";

    /// <summary>Why a container cannot be changed like that without a restart, which is nobody's wish; null: it can.</summary>
    public string? WhyNot(Container container, ResourceAmounts wanted)
    {
        foreach (string resource in new[] { Amounts.Cpu, Amounts.Memory })
        {
            if (!IsSame(container.Resources, wanted, resource) && container.ResizePolicy.Any(one => one.ResourceName == resource && one.RestartPolicy == "RestartContainer"))
            {
                return $"another amount of {resource} restarts the container {container.Name} (its resizePolicy is RestartContainer), and a restart is not what a resize is for: set it to NotRequired";
            }
        }

        return Minor < FirstLowering && container.Resources.Limits.TryGetValue(Amounts.Memory, out Quantity limit) && wanted.Limits.TryGetValue(Amounts.Memory, out Quantity lower) && lower.CompareTo(limit) < 0
            ? string.Create(CultureInfo.InvariantCulture,
                $"Kubernetes lowers the memory limit of a container that runs on from 1.{FirstLowering} on, and this is 1.{Minor}: it stays {limit} instead of {lower}. The pods can be smaller when they start the next time")
            : null;
    }

    private static bool IsSame(ResourceAmounts one, ResourceAmounts other, string resource) =>
        one.Limits.GetValueOrDefault(resource) == other.Limits.GetValueOrDefault(resource) && one.Requests.GetValueOrDefault(resource) == other.Requests.GetValueOrDefault(resource);
}
