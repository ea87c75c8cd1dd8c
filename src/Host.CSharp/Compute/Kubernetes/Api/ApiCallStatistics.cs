using System.Collections.Concurrent;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <param name="Code">The HTTP status, or in a word why there was none.</param>
internal readonly record struct ApiCallKind(string Verb, string Resource, string Code);

/// <summary>Counts what was asked of the API server, each attempt by itself.</summary>
internal sealed class ApiCallStatistics
{
    private readonly ConcurrentDictionary<ApiCallKind, long> _counts = new();

    /// <summary>Attempts since the start.</summary>
    public IReadOnlyDictionary<ApiCallKind, long> Counts => new Dictionary<ApiCallKind, long>(_counts);

    public void Count(ApiCallKind kind) => _counts.AddOrUpdate(kind, 1, static (_, count) => count + 1);
}
