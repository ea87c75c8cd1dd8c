using System.Diagnostics;

namespace Serverless.Tests.Integration.Control;

/// <summary>What was asked of the doubles, in order.</summary>
internal sealed class CallLog
{
    private readonly Lock _lock = new();
    private readonly List<string> _calls = [];
    private long _last;

    /// <summary>Keeps nothing: for runs of many thousand calls.</summary>
    public bool Forget { get; set; }

    public IReadOnlyList<string> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _calls];
            }
        }
    }

    /// <summary>When the last call came.</summary>
    public long Last => Volatile.Read(ref _last);

    public void Add(string call)
    {
        Volatile.Write(ref _last, Stopwatch.GetTimestamp());
        if (!Forget)
        {
            lock (_lock)
            {
                _calls.Add(call);
            }
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            _calls.Clear();
        }
    }
}
