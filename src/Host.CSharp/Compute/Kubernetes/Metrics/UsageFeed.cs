using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Metrics;

/// <summary>
/// Usage of the pods of one namespace as the Metrics Server last saw it (`metrics.k8s.io`), asked for all of them at once, and for all databases there together: it looks
/// itself only every 15 seconds or so.
/// </summary>
internal sealed partial class UsageFeed(IKubernetesApi api, Func<CancellationToken, Task<ServedApis>> served, string space, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>Less than the five seconds after which a database asks again, which would find the last answer a moment too young every other time.</summary>
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan s_callLimit = TimeSpan.FromSeconds(5);

    private readonly IKubernetesApi _api = api.Within(s_callLimit);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private Dictionary<string, PodMetrics> _last = new(StringComparer.Ordinal);
    private long? _askedAt;
    private bool _isMissing;

    /// <remarks>Whoever waited for somebody else's question takes the answer, also where there was none: otherwise each database in turn would wait for a server that hangs.</remarks>
    /// <returns>Null: nothing is known of it.</returns>
    public async Task<PodMetrics?> FindAsync(string pod, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (_askedAt is not { } asked || time.GetElapsedTime(asked) >= s_period)
            {
                _last = await AskAsync(cancellation);
                _askedAt = time.GetTimestamp();
            }

            return _last.GetValueOrDefault(pod);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>What cannot be had is missing, never what it was.</summary>
    private async Task<Dictionary<string, PodMetrics>> AskAsync(CancellationToken cancellation)
    {
        var found = new Dictionary<string, PodMetrics>(StringComparer.Ordinal);
        try
        {
            if ((await served(cancellation)).PodMetrics is not { } resource)
            {
                Note("it is not served: there is no Metrics Server");
                return found;
            }

            foreach (PodMetrics one in (await _api.ListAsync(resource, space, Selection.All, cancellation)).Items)
            {
                found[one.Metadata.Name] = one;
            }

            _isMissing = false;
        }
        catch (ApiException e)
        {
            Note(e.Message);
        }

        return found;
    }

    private void Note(string why)
    {
        if (!_isMissing)
        {
            LogMissing(space, why);
        }

        _isMissing = true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Usage of the pods of namespace {Namespace} is not known (metrics.k8s.io), so `cpu` and `memory` have no samples: {Why}")]
    private partial void LogMissing(string @namespace, string why);
}
