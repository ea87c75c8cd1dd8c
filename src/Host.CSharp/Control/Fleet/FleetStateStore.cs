using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Fleet;

namespace Serverless.Host.Control.Fleet;

/// <summary>In a ConfigMap, where every gateway of the fleet finds it. Only the leader writes.</summary>
internal sealed class FleetStateStore(StateMap map) : IStateStore
{
    public string Place => $"ConfigMap {map.Name}";

    /// <summary>Rarely: there may be a thousand databases, and one API server.</summary>
    public TimeSpan Lazily { get; } = TimeSpan.FromMinutes(5);

    public async Task<string?> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            return await map.ReadAsync(cancellation);
        }
        catch (ApiException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public async Task<bool> WriteAsync(string state, string? term, CancellationToken cancellation)
    {
        try
        {
            return await map.WriteAsync(state, term, cancellation);
        }
        catch (ApiException e)
        {
            throw new IOException(e.Message, e);
        }
    }
}
