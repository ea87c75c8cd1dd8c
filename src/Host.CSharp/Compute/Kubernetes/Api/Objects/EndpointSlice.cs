using System.Collections.ObjectModel;

namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>`discovery.k8s.io/v1` (1.21 on) and `v1beta1`, which has the node in the topology.</summary>
internal sealed record EndpointSlice : IApiObject
{
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();

    /// <summary>`IPv4`, `IPv6` or `FQDN`.</summary>
    public string? AddressType { get; init; }

    public IReadOnlyList<Endpoint> Endpoints { get; init => field = value ?? []; } = [];

    public IReadOnlyList<EndpointPort> Ports { get; init => field = value ?? []; } = [];
}

internal sealed record Endpoint
{
    private const string HostnameTopology = "kubernetes.io/hostname";

    public IReadOnlyList<string> Addresses { get; init => field = value ?? []; } = [];

    public EndpointConditions Conditions { get; init => field = value ?? new(); } = new();

    public string? Hostname { get; init; }

    public string? NodeName { get; init; }

    public string? Zone { get; init; }

    public ObjectReference? TargetRef { get; init; }

    public IReadOnlyDictionary<string, string> Topology { get; init => field = value ?? ReadOnlyDictionary<string, string>.Empty; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>The node it is on, in either version.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string? Node => NodeName ?? Topology.GetValueOrDefault(HostnameTopology);
}

/// <summary>Null is unknown, which for `ready` is to be read as true.</summary>
internal sealed record EndpointConditions
{
    public bool? Ready { get; init; }

    public bool? Serving { get; init; }

    public bool? Terminating { get; init; }
}

internal sealed record EndpointPort
{
    public string? Name { get; init; }

    public int? Port { get; init; }

    public string? Protocol { get; init; }
}
