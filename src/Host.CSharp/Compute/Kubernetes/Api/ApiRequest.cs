namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>One call as it goes over the wire, with the words to tell of it.</summary>
/// <param name="Verb">As RBAC names it: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`.</param>
/// <param name="Group">Empty: the core group, or no resource at all.</param>
/// <param name="ResourceName">With the subresource; for what is no resource its path.</param>
/// <param name="Path">With the query.</param>
internal sealed record ApiRequest(HttpMethod Method, string Verb, string Group, string ResourceName, ObjectName? Target, string Path)
{
    public ReadOnlyMemory<byte> Body { get; init; }

    public string? MediaType { get; init; }

    /// <summary>It changes nothing, so it can be sent again whatever became of it.</summary>
    public bool IsRead => Method == HttpMethod.Get;

    /// <summary>`get pods default/db-0`.</summary>
    public override string ToString() => Target is { } target ? $"{Verb} {ResourceName} {target}".TrimEnd(' ', '/') : $"{Verb} {ResourceName}";
}
