using System.Threading.Tasks.Sources;

namespace Serverless.Host.Net;

internal enum WaitResult : byte { None, Ready, Interrupted, Lost }

/// <summary>
/// The state of one reusable wait: what a value task source needs and no more (24 bytes), since each connection has two.
/// One thread only, so nothing is interlocked; a continuation is called inline by whoever completes the wait.
/// </summary>
internal struct Waiter
{
    /// <summary>Marks the tokens of writers. The two kinds of source have separate interfaces; the mark makes a mix-up show.</summary>
    public const short WriteToken = unchecked((short)0x8000);

    private Action<object?>? _continuation;
    private object? _state;
    private short _version;
    private bool _begun;
    private WaitResult _result;

    public readonly bool IsWaiting => _begun && _result == WaitResult.None;

    public static short Plain(short token) => (short)(token & 0x7fff);

    /// <summary>Begins a wait and gives its token.</summary>
    public short Begin()
    {
        if (_begun) throw new InvalidOperationException("Somebody waits for this already.");
        _begun = true;
        _result = WaitResult.None;
        _version = (short)((_version + 1) & 0x7fff);
        return _version;
    }

    /// <summary>Ends the wait, if there is one, and goes on with whoever waits.</summary>
    public bool Complete(WaitResult result)
    {
        if (!IsWaiting) return false;
        _result = result;
        var (continuation, state) = (_continuation, _state);
        _continuation = null;
        _state = null;
        continuation?.Invoke(state);
        return true;
    }

    public WaitResult End(short token)
    {
        Verify(token);
        if (_result == WaitResult.None) throw new InvalidOperationException("The wait has not ended; await it.");
        _begun = false;
        return _result;
    }

    public readonly ValueTaskSourceStatus GetStatus(short token)
    {
        Verify(token);
        return _result switch
        {
            WaitResult.None => ValueTaskSourceStatus.Pending,
            WaitResult.Lost => ValueTaskSourceStatus.Faulted,
            _ => ValueTaskSourceStatus.Succeeded,
        };
    }

    public void OnCompleted(EventLoop loop, Action<object?> continuation, object? state, short token)
    {
        loop.VerifyAccess();
        Verify(token);
        if (_result != WaitResult.None)
        {
            loop.Post(continuation, state);
            return;
        }
        if (_continuation is not null) throw new InvalidOperationException("A wait can be awaited once only.");
        _continuation = continuation;
        _state = state;
    }

    private readonly void Verify(short token)
    {
        if (!_begun || token != _version) throw new InvalidOperationException("This wait is over; each value task can be awaited once.");
    }
}
