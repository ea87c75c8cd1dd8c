namespace Serverless.Host.Gateway.Sessions;

/// <summary>One drain under way, shared by the shards. From any thread.</summary>
internal sealed class DrainProgress(DrainRequest request, int shards)
{
    private readonly TaskCompletionSource<string?> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left = shards;

    public DrainRequest Request { get; } = request;

    /// <summary>Null: no session has a connection any more. Otherwise why the drain ended without that.</summary>
    public Task<string?> Done => _done.Task;

    public void ShardDone()
    {
        if (Interlocked.Decrement(ref _left) == 0) _done.TrySetResult(null);
    }

    public void Refuse(string reason) => _done.TrySetResult(reason);
}
