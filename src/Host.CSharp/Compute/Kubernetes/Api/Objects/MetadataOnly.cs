namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>An object of which only the head is read: bookmarks, and what could not be read as what it should be.</summary>
internal sealed record MetadataOnly : IApiObject
{
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();
}

/// <summary>The head of a list.</summary>
internal sealed record ListMeta
{
    public string? ResourceVersion { get; init; }

    /// <summary>Not empty: there is more, to be had with this.</summary>
    public string? Continue { get; init; }
}
