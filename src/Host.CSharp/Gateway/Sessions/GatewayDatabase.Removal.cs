using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

public sealed partial class GatewayDatabase
{
    private static readonly TimeSpan RemovalLook = TimeSpan.FromMilliseconds(50);

    private volatile bool _isRemoved;

    /// <summary>It is served here no more: who has just logged in gets no session.</summary>
    internal bool IsRemoved => _isRemoved;

    /// <summary>Has each session end what it is at, tells it, and cuts off those that have not gone after the time given.</summary>
    /// <param name="limit">No listener may lead to it any more.</param>
    /// <param name="hurry">Cancelled when the time is over, whatever was given.</param>
    public async Task EndSessionsAsync(TimeSpan limit, CancellationToken hurry = default)
    {
        _isRemoved = true;
        var began = Time.GetTimestamp();
        HashSet<Session> told = [];
        while (!_sessions.IsEmpty)
        {
            var isOver = hurry.IsCancellationRequested || Time.GetElapsedTime(began) >= limit;
            foreach (var session in AllSessions)
            {
                if (isOver) session.CutOff();
                else if (told.Add(session)) session.PostSignal(SessionSignals.Stop);
            }
            await Task.Delay(RemovalLook, Time, CancellationToken.None);
        }
    }
}
