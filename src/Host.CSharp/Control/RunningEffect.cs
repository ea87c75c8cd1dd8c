using Serverless.Core;

namespace Serverless.Host.Control;

/// <summary>An effect that is being carried out.</summary>
/// <param name="asked">Timestamp (of the time provider) of the statement or decision that asked for it.</param>
internal sealed class RunningEffect(Effect effect, long revision, long asked, DateTimeOffset begun) : IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();

    public Effect Effect => effect;

    /// <summary>The revision of the plan; when the kernel has moved on it is stale, and must not be begun or go past its point of no return.</summary>
    public long Revision => revision;

    public long Asked => asked;

    public DateTimeOffset Begun => begun;

    public Task Done { get; set; } = Task.CompletedTask;

    public CancellationToken Cancelled => _cancellation.Token;

    public string Name => effect switch
    {
        Effect.DoResume => "resume",
        Effect.DoResize => "resize",
        _ => "suspend",
    };

    public void Cancel() => _cancellation.Cancel();

    public void Dispose() => _cancellation.Dispose();
}
