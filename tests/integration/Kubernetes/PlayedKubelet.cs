using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Caching;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>The node of a real control plane that has none: gives the first pod of a StatefulSet its address, behind which a MariaDB of the test runs while there is that pod.</summary>
internal sealed class PlayedKubelet : IAsyncDisposable
{
    private static readonly Resource<Pod> PodStatus = Resources.Pods with { Subresource = "status" };

    private readonly KubernetesApi _api;
    private readonly ResourceCache<Pod> _pods;
    private readonly ObjectName _pod;
    private readonly MariaDbServer _engine;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _playing;
    private string? _running;

    public PlayedKubelet(KubernetesApi api, string space, string set, MariaDbServer engine)
    {
        (_api, _pod, _engine) = (api, new ObjectName(space, set + "-0"), engine);
        _pods = new ResourceCache<Pod>(api, Resources.Pods, space, Selection.ByName(_pod.Name), new ApiOptions(), TimeProvider.System, new RecordingLogger());
        _playing = Task.Run(PlayAsync);
    }

    /// <summary>It does nothing, and what runs runs on.</summary>
    public bool IsAsleep { get; set; }

    public bool HasPod => _pods.Items.ContainsKey(_pod);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _playing;
        await _pods.DisposeAsync();
        _end.Dispose();
    }

    private async Task PlayAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            Pod? pod = _pods.Items.GetValueOrDefault(_pod);
            try
            {
                if (IsAsleep)
                {
                    // what is there is as it is
                }
                else if (_running is not null && (pod is null || pod.Metadata.DeletionTimestamp is not null || pod.Metadata.Uid != _running))
                {
                    await _engine.TerminateAsync();
                    _running = null;
                }
                else if (_running is null && pod is { Metadata.DeletionTimestamp: null })
                {
                    await _engine.TerminateAsync();
                    await _engine.RunAsync();
                    await _api.PatchAsync(PodStatus, _pod, Patch.Merge(JsonNode.Parse("""
                        {"status": {"phase": "Running", "podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}], "conditions": [{"type": "Ready", "status": "True"}]}}
                        """)!.AsObject()), default);
                    _running = pod.Metadata.Uid;
                }
            }
            catch (ApiException)
            {
                // away, or gone meanwhile: looked at again
            }

            await Task.Delay(5);
        }
    }
}
