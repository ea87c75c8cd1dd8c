namespace Serverless.Host.Net;

/// <summary>Work posted to a loop, from any thread. Two lists change places, so that nothing is allocated once they have grown.</summary>
internal sealed class WorkQueue
{
    private readonly Lock _lock = new();
    private List<Item> _incoming = [];
    private List<Item> _running = [];
    private volatile int _count;
    private bool _closed;

    /// <summary>A delegate of one of the kinds that <see cref="Item.Run"/> knows, and its argument.</summary>
    internal readonly record struct Item(object Callback, object? State)
    {
        public void Run()
        {
            switch (Callback)
            {
                case Action action: action(); break;
                case SendOrPostCallback callback: callback(State); break;
                case Action<object?> callback: callback(State); break;
                default: throw new InvalidOperationException($"Work of type {Callback.GetType()} cannot be run.");
            }
        }
    }

    /// <summary>Without the lock, since the loop asks on each turn.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>False when the queue is closed: the loop has ended.</summary>
    public bool TryAdd(Item item)
    {
        lock (_lock)
        {
            if (_closed) return false;
            _incoming.Add(item);
            _count = _incoming.Count;
            return true;
        }
    }

    /// <summary>Takes what has come in so far. The list is the caller's to run and clear, until the next call.</summary>
    public List<Item> TakeAll()
    {
        lock (_lock)
        {
            (_incoming, _running) = (_running, _incoming);
            _count = 0;
        }
        return _running;
    }

    /// <summary>Takes the rest and refuses more.</summary>
    public List<Item> Close()
    {
        lock (_lock)
        {
            _closed = true;
            return _incoming;
        }
    }
}
