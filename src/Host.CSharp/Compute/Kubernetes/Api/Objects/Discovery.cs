namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>`/version`.</summary>
internal sealed record ServerVersion
{
    public string Major { get; init => field = value ?? ""; } = "";

    /// <summary>May end with a sign that the vendor put there, as in `27+`.</summary>
    public string Minor { get; init => field = value ?? ""; } = "";

    public string GitVersion { get; init => field = value ?? ""; } = "";
}

/// <summary>`/apis`: the groups but the core one.</summary>
internal sealed record ApiGroupList
{
    public IReadOnlyList<ApiGroup> Groups { get; init => field = value ?? []; } = [];
}

internal sealed record ApiGroup
{
    public string Name { get; init => field = value ?? ""; } = "";

    public IReadOnlyList<ApiGroupVersion> Versions { get; init => field = value ?? []; } = [];
}

internal sealed record ApiGroupVersion
{
    /// <summary>`apps/v1`.</summary>
    public string GroupVersion { get; init => field = value ?? ""; } = "";
}

/// <summary>`/api/v1`, `/apis/GROUP/VERSION`.</summary>
internal sealed record ApiResourceList
{
    public string GroupVersion { get; init => field = value ?? ""; } = "";

    public IReadOnlyList<ApiResource> Resources { get; init => field = value ?? []; } = [];
}

internal sealed record ApiResource
{
    /// <summary>Plural, with the subresource: `pods`, `pods/resize`.</summary>
    public string Name { get; init => field = value ?? ""; } = "";

    public bool Namespaced { get; init; }

    public IReadOnlyList<string> Verbs { get; init => field = value ?? []; } = [];
}
