using System.Text.Json.Serialization;

namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>JSON of the Kubernetes API, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Pod))]
[JsonSerializable(typeof(StatefulSet))]
[JsonSerializable(typeof(Scale))]
[JsonSerializable(typeof(EndpointSlice))]
[JsonSerializable(typeof(Lease))]
[JsonSerializable(typeof(ConfigMap))]
[JsonSerializable(typeof(Secret))]
[JsonSerializable(typeof(ClusterEvent))]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(PodMetrics))]
[JsonSerializable(typeof(ServerVersion))]
[JsonSerializable(typeof(ApiGroupList))]
[JsonSerializable(typeof(ApiResourceList))]
[JsonSerializable(typeof(Status))]
[JsonSerializable(typeof(MetadataOnly))]
[JsonSerializable(typeof(ListMeta))]
internal sealed partial class KubernetesJson : JsonSerializerContext;
