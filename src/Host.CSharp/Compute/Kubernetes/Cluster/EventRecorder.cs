using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Cluster;

/// <summary>
/// Tells what was done to a StatefulSet as Events of it, which `kubectl describe` shows. Best effort: nothing waits for them, and one that the server
/// does not take is only missing. What was told already is not told again for a while, since a refusal comes back every half minute.
/// </summary>
internal sealed partial class EventRecorder : IAsyncDisposable
{
    private const string Component = "serverless-gateway";

    /// <summary>The API server refuses longer messages.</summary>
    private const int LongestMessage = 1024;

    private const int MostWaiting = 256;

    private static readonly TimeSpan s_silence = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_callLimit = TimeSpan.FromSeconds(10);

    private readonly Channel<ClusterEvent> _waiting = Channel.CreateBounded<ClusterEvent>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly Dictionary<(string? Uid, string Reason), (string Message, long At)> _told = [];
    private readonly CancellationTokenSource _end = new();
    private readonly IKubernetesApi _api;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Task _sending;
    private bool _failing;

    public EventRecorder(IKubernetesApi api, TimeProvider time, ILogger logger)
    {
        (_api, _time, _logger) = (api.Within(s_callLimit), time, logger);
        _sending = SendAsync(_end.Token);
    }

    /// <param name="reason">One word in CamelCase.</param>
    public void Tell(StatefulSet about, string reason, string message, bool isWarning = false)
    {
        if (IsNews((about.Metadata.Uid, reason), message))
        {
            _waiting.Writer.TryWrite(Compose(about, reason, message, isWarning, _time.GetUtcNow()));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        _end.CancelAfter(TimeSpan.FromSeconds(2));
        await _sending;
        _end.Dispose();
    }

    private bool IsNews((string? Uid, string Reason) about, string message)
    {
        lock (_told)
        {
            long now = _time.GetTimestamp();
            if (_told.TryGetValue(about, out var last) && last.Message == message && _time.GetElapsedTime(last.At, now) < s_silence)
            {
                return false;
            }

            _told[about] = (message, now);
            return true;
        }
    }

    private static ClusterEvent Compose(StatefulSet about, string reason, string message, bool isWarning, DateTimeOffset now) => new()
    {
        Metadata = new ObjectMeta { Name = $"{about.Metadata.Name}.{Guid.NewGuid():N}"[..Math.Min(253, about.Metadata.Name.Length + 17)], Namespace = about.Metadata.Namespace },
        InvolvedObject = new ObjectReference
        {
            ApiVersion = Resources.StatefulSets.GroupVersion, Kind = "StatefulSet", Name = about.Metadata.Name, Namespace = about.Metadata.Namespace, Uid = about.Metadata.Uid,
        },
        Reason = reason,
        Message = Cut(message),
        Type = isWarning ? "Warning" : "Normal",
        FirstTimestamp = now,
        LastTimestamp = now,
        Count = 1,
        Source = new EventSource { Component = Component },
        ReportingComponent = Component,
    };

    private static string Cut(string message)
    {
        string plain = string.Concat(message.Select(one => char.IsControl(one) ? ' ' : one));
        while (Encoding.UTF8.GetByteCount(plain) > LongestMessage)
        {
            plain = plain[..(plain.Length - Math.Max(1, (Encoding.UTF8.GetByteCount(plain) - LongestMessage) / 4))];
        }

        return plain;
    }

    private async Task SendAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach (ClusterEvent one in _waiting.Reader.ReadAllAsync(cancellation))
            {
                await SendAsync(one, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // what was not told by now is not told
        }
    }

    private async Task SendAsync(ClusterEvent one, CancellationToken cancellation)
    {
        try
        {
            await _api.CreateAsync(Resources.Events, one.Metadata.Namespace, one, cancellation);
            _failing = false;
        }
        catch (ApiException e)
        {
            if (!_failing)
            {
                LogNotTold(one.Reason ?? "", one.InvolvedObject.Name ?? "", e.Message);
            }

            _failing = true;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The Event {Reason} of {StatefulSet} could not be told: {Why}")]
    private partial void LogNotTold(string reason, string statefulSet, string why);
}
