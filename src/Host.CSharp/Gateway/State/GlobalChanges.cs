namespace Serverless.Host.Gateway.State;

/// <summary>
/// Changes of global variables that clients of one database made while its engine runs: what was read of the variables before such a change is no answer
/// any more. Safe from any thread.
/// </summary>
internal sealed class GlobalChanges
{
    private readonly Lock _lock = new();
    private DateTimeOffset _last = DateTimeOffset.MinValue;
    private volatile int _count;

    public int Count => _count;

    public void Note(DateTimeOffset at)
    {
        lock (_lock)
        {
            if (at > _last) _last = at;
            _count++;
        }
    }

    /// <summary>How many of the changes a reading that began then has seen, as far as can be said.</summary>
    public int SeenBy(DateTimeOffset reading)
    {
        lock (_lock) return _count > 0 && reading <= _last ? _count - 1 : _count;
    }
}
