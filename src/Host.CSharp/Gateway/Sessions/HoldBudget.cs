namespace Serverless.Host.Gateway.Sessions;

/// <summary>Counts what is held against its limits. From any thread.</summary>
internal sealed class HoldBudget(HoldLimits limits, HoldBudget? parent = null)
{
    private int _statements;
    private long _bytes;

    /// <summary>Longest wait, the parent's counted.</summary>
    public TimeSpan Time { get; } = parent is null || limits.Time < parent.Time ? limits.Time : parent.Time;

    public int Statements => Volatile.Read(ref _statements);

    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Null when the statement may be held; <see cref="Return"/> gives its place back. Otherwise which limit is reached, in words.</summary>
    public string? TryTake(int bytes)
    {
        var exceeded = parent?.TryTake(bytes);
        if (exceeded is not null) return exceeded;
        var statements = Interlocked.Increment(ref _statements);
        var total = Interlocked.Add(ref _bytes, bytes);
        if (statements <= limits.Statements && total <= limits.Bytes) return null;
        Return(bytes);
        return statements > limits.Statements
            ? $"{limits.Statements} statements wait already"
            : $"the statements that wait fill their {limits.Bytes >> 20} MiB";
    }

    public void Return(int bytes)
    {
        Interlocked.Decrement(ref _statements);
        Interlocked.Add(ref _bytes, -bytes);
        parent?.Return(bytes);
    }
}
