using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>
/// A pin by suspicion (a user lock that was perhaps given back, stored code that perhaps left nothing) would keep the compute awake for ever, since
/// nobody drains a pinned session. So the session asks the server itself, once it has been quiet for a moment.
/// </summary>
internal sealed partial class Session
{
    /// <summary>Long enough not to ask between the statements of a busy session, short beside any idle time of a rule.</summary>
    private static readonly TimeSpan ProbeDelay = TimeSpan.FromMilliseconds(300);

    private LoopTimer? _probe;

    private void ScheduleProbe()
    {
        if (_probe is { } timer) timer.Restart(ProbeDelay);
        else _probe = _shard.Loop.StartTimer(ProbeDelay, static session => ((Session)session!).OnProbeDue(), this);
    }

    private void OnProbeDue()
    {
        if (_phase == SessionPhase.Idle) Signal(SessionSignals.Probe);
    }

    private async ValueTask ProbeAsync()
    {
        if (_backend is not { } backend || !SessionProbe.IsWanted(_state)) return;
        try
        {
            await SessionProbe.ProbeAsync(_state, Catalogue, new BackendQuery(backend, BackendCapabilities, _backendId), CancellationToken.None);
            UpdateStanding();
        }
        catch (Exception failure) when (failure is ConnectionLostException or MalformedPacketException)
        {
            _lostBecause ??= failure.Message;
            LoseBackend();
        }
    }
}
