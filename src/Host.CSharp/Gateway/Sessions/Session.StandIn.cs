using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>
/// KILLs for which a connection is made, one at a time and beside those that sessions may have: to ask whether the victim may be killed where it has none, and to tell the server
/// where the killer has none and would have to wait for the victim's.
/// </summary>
internal sealed partial class Session
{
    /// <summary>
    /// Asks with a connection that the victim's account is logged in on for this, one at a time. An account that the server does not let in any more has sessions
    /// that never get a connection again: anybody may end those.
    /// </summary>
    private async ValueTask<KillRight> AskByStandInAsync(KillVictim victim)
    {
        var address = _lent!.Address;
        using var limit = new CancellationTokenSource(LongestFirstAttach);
        _attaching = limit;
        BackendConnection? standIn = null;
        var hasTurn = false;
        try
        {
            await Database.StandIns.WaitAsync(limit.Token);
            hasTurn = true;
            standIn = await victim.Session._shard.Loop.RunAsync(() => victim.Session.StandInAsync(address, limit.Token));
            return RightBy(await AskAsync($"KILL {standIn.ConnectionId}"));
        }
        catch (BackendLoginException refused)
        {
            var lasts = refused.Error.Code is ErrorCode.AccessDenied or ErrorCode.AccountLockedMariaDb or ErrorCode.AccountLockedMySql or ErrorCode.PasswordExpired;
            return lasts ? KillRight.Yes : new KillRight(Granted: false, refused.Message);
        }
        catch (Exception failure) when (standIn is null && failure is IOException or MalformedPacketException)
        {
            return new KillRight(Granted: false, failure.Message);
        }
        catch (ObjectDisposedException)
        {
            return new KillRight(Granted: false, "it is ending");
        }
        catch (OperationCanceledException)
        {
            return new KillRight(Granted: false, _signals != SessionSignals.None ? "this session is ending" : $"the server did not answer within {LongestFirstAttach.TotalSeconds:0} s, or went away");
        }
        finally
        {
            _attaching = null;
            if (hasTurn) Database.StandIns.Release();
            if (standIn is { } over) over.Channel.Loop.Post(() => Farewell.SayAndClose(over.Channel));
        }
    }

    /// <summary>
    /// All connections are in use, perhaps by the very statement that is to be ended, and who ends it must not wait behind it. The server is told on a connection that is made
    /// for this, one at a time. Null: nothing was sent, and the KILL waits for its turn as any statement does.
    /// </summary>
    private async ValueTask<bool?> TryKillBesideTheLineAsync(Session found)
    {
        // A login has the roles of the account, and none that was chosen since: with those the server is asked on the session's own connection.
        if (found.BackendConnectionId == 0 || _state.HasRole || Database.Gate is not { IsOpen: true, Backend: { } address, Opening: var opening }) return null;
        using var limit = new CancellationTokenSource(LongestFirstAttach);
        (_attaching, _attachingTo) = (limit, opening);
        _started = Database.Time.GetTimestamp();
        _shard.Counters.AddHeld(1);
        _shard.Counters.AddAttached(1);
        BackendConnection? standIn = null;
        KillVictim? told = null;
        BackendResult? result = null;
        var hasTurn = false;
        try
        {
            await Database.StandIns.WaitAsync(limit.Token);
            hasTurn = true;
            standIn = await StandInAsync(address, limit.Token);
            using var end = limit.Token.UnsafeRegister(static transport => ((ITransport)transport!).Abort(), standIn.Channel.Transport);
            limit.Token.ThrowIfCancellationRequested();
            // In the turn in which it is sent: by now it may have another connection, or none.
            var victim = Aim(found, opening);
            if (victim.BackendId != 0)
            {
                told = victim;
                result = (await new BackendQuery(standIn.Channel, standIn.Capabilities, standIn.ConnectionId).QueryAsync([KillText(victim.BackendId)], SessionCapture.AnswerLimit, limit.Token))[0];
            }
        }
        catch (Exception failure) when (failure is BackendLoginException or IOException or OperationCanceledException)
        {
            // What was sent may have been done, and would hit the next statement if it was sent again.
        }
        finally
        {
            if (!_counted) CountRunning(1);
            _shard.Counters.AddHeld(-1);
            _shard.Counters.AddAttached(-1);
            _shard.OnSessionEased();
            (_attaching, _attachingTo) = (null, -1);
            if (hasTurn) Database.StandIns.Release();
            if (standIn is not null) Farewell.SayAndClose(standIn.Channel);
        }
        if (told is not { } aimed) return null;
        if (result is { } answer) return await ConcludeKillAsync(answer, [aimed]);
        Spare([aimed]);
        var why = _signals != SessionSignals.None ? "this session is ending" : $"the server did not answer within {LongestFirstAttach.TotalSeconds:0} s, or went away";
        return await AnswerKillAsync(new ErrPacket(ErrorCode.ServerShutdown, $"Whether the KILL took effect is not known: {why}"));
    }

    private Task<BackendConnection> StandInAsync(BackendAddress address, CancellationToken cancellation) =>
        BackendLogin.ConnectAsync(address, _identity, schema: null, _state.Collation, BackendCapabilities, cancellation);
}
