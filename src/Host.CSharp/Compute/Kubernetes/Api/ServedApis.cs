using System.Globalization;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>What this cluster serves of what differs between versions and clusters.</summary>
/// <param name="Major">Of its version; with the minor one, 0 when it is not understood.</param>
/// <param name="HasPodResize">Pods are resized through `pods/resize` (1.32 on).</param>
/// <param name="EndpointSlices">Null: not served at all (before 1.17).</param>
/// <param name="PodMetrics">Null: there is no Metrics Server.</param>
internal sealed record ServedApis(
    string Version, int Major, int Minor, bool HasPodResize, Resource<EndpointSlice>? EndpointSlices, Resource<PodMetrics>? PodMetrics)
{
    public static async Task<ServedApis> ReadAsync(IKubernetesApi api, CancellationToken cancellation)
    {
        ServerVersion version = await api.GetVersionAsync(cancellation);
        ApiGroupList groups = await api.GetGroupsAsync(cancellation);
        ApiResourceList core = await api.GetResourcesAsync(Resources.Pods.GroupVersion, cancellation);
        HashSet<string> served = [.. groups.Groups.SelectMany(group => group.Versions).Select(one => one.GroupVersion)];
        return new ServedApis(
            version.GitVersion, Number(version.Major), Number(version.Minor),
            core.Resources.Any(one => one.Name == Resources.PodResize.Name && one.Verbs.Contains("patch", StringComparer.Ordinal)),
            First(served, Resources.EndpointSlices, Resources.EndpointSlicesBeta),
            First(served, Resources.PodMetrics, Resources.PodMetricsBeta));
    }

    private static Resource<T>? First<T>(HashSet<string> served, params ReadOnlySpan<Resource<T>> wanted) where T : class, IApiObject
    {
        foreach (Resource<T> one in wanted)
        {
            if (served.Contains(one.GroupVersion))
            {
                return one;
            }
        }

        return null;
    }

    /// <summary>Vendors put a sign behind the digits: `27+`.</summary>
    private static int Number(string text)
    {
        int digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(digits < 0 ? text : text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
    }
}
