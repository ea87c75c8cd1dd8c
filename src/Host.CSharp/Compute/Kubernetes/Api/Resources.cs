using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>The kinds of object that the host deals with.</summary>
internal static class Resources
{
    public static Resource<Pod> Pods { get; } = new("", "v1", "pods", KubernetesJson.Default.Pod);

    /// <summary>A subresource from 1.32 on (1.27 to 1.31: the pod itself is patched).</summary>
    public static Resource<Pod> PodResize { get; } = Pods with { Subresource = "resize" };

    public static Resource<StatefulSet> StatefulSets { get; } = new("apps", "v1", "statefulsets", KubernetesJson.Default.StatefulSet);

    public static Resource<Scale> StatefulSetScale { get; } = new("apps", "v1", "statefulsets", KubernetesJson.Default.Scale, "scale") { IsWhole = true };

    /// <summary>From 1.21 on.</summary>
    public static Resource<EndpointSlice> EndpointSlices { get; } = new("discovery.k8s.io", "v1", "endpointslices", KubernetesJson.Default.EndpointSlice);

    /// <summary>Until 1.24.</summary>
    public static Resource<EndpointSlice> EndpointSlicesBeta { get; } = EndpointSlices with { Version = "v1beta1" };

    public static Resource<Lease> Leases { get; } = new("coordination.k8s.io", "v1", "leases", KubernetesJson.Default.Lease) { IsWhole = true };

    public static Resource<ConfigMap> ConfigMaps { get; } = new("", "v1", "configmaps", KubernetesJson.Default.ConfigMap) { IsWhole = true };

    public static Resource<Secret> Secrets { get; } = new("", "v1", "secrets", KubernetesJson.Default.Secret) { IsWhole = true };

    public static Resource<ClusterEvent> Events { get; } = new("", "v1", "events", KubernetesJson.Default.ClusterEvent);

    public static Resource<Node> Nodes { get; } = new("", "v1", "nodes", KubernetesJson.Default.Node);

    public static Resource<PodMetrics> PodMetrics { get; } = new("metrics.k8s.io", "v1", "pods", KubernetesJson.Default.PodMetrics);

    public static Resource<PodMetrics> PodMetricsBeta { get; } = PodMetrics with { Version = "v1beta1" };
}
