using System.Text.Json.Serialization;

namespace Serverless.Host.Compute.Kubernetes.Api;

internal sealed record DeleteOptions(Preconditions? Preconditions)
{
    public string Kind { get; init; } = "DeleteOptions";

    public string ApiVersion { get; init; } = "v1";
}

internal sealed record Preconditions(string Uid);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DeleteOptions))]
internal sealed partial class RequestJson : JsonSerializerContext;
