using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>
/// How long a client may take in all for its login. It stands still while the gateway itself works. When it is over the connection is
/// aborted, which ends whatever waits on it. On the loop's thread only.
/// </summary>
internal sealed class LoginDeadline : IDisposable
{
    private readonly LoopTimer _timer;
    private TimeSpan _left;
    private long _since;

    public LoginDeadline(ITransport transport, TimeSpan limit)
    {
        _left = limit;
        _since = Environment.TickCount64;
        _timer = transport.Loop.StartTimer(limit, static transport => ((ITransport)transport!).Abort(), transport);
    }

    /// <summary>Until disposed of, the time does not count.</summary>
    public Pausing Pause()
    {
        _timer.Cancel();
        _left -= TimeSpan.FromMilliseconds(Environment.TickCount64 - _since);
        return new Pausing(this);
    }

    public void Dispose() => _timer.Cancel();

    private void Resume()
    {
        _since = Environment.TickCount64;
        _timer.Restart(_left);
    }

    public readonly struct Pausing(LoginDeadline deadline) : IDisposable
    {
        public void Dispose() => deadline.Resume();
    }
}
