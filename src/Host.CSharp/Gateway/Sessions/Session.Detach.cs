using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>Giving the backend connection back, and losing it.</summary>
internal sealed partial class Session
{
    /// <summary>The drain that waits for this session gives up on what it holds.</summary>
    private bool _breaks;

    /// <summary>This session's detach is counted by its shard.</summary>
    private bool _detaching;

    private string? _lostBecause;

    /// <summary>Its connection broke while idle and while a KILL was aimed at it, whose end is not known.</summary>
    private bool _isBeingKilled;

    /// <summary>The drain that found, with this session's state read, that it cannot leave its connection, and why: it need not be asked again.</summary>
    private DrainRequest? _keptFrom;

    private string? _keptBecause;

    /// <summary>A drain, or the need of another session, asks for the connection: reads the state back and lets go. It may find that it cannot.</summary>
    private async ValueTask DetachForDrainAsync()
    {
        try
        {
            if (_backend is { } backend) await DetachAsync(backend);
        }
        catch (Exception failure) when (failure is ConnectionLostException or MalformedPacketException)
        {
            _lostBecause ??= failure.Message;
            LoseBackend();
        }
        finally
        {
            _breaks = false;
            EndDetaching();
            if (_asked) _shard.OnAskedAnswered();
            _asked = false;
        }
    }

    private void EndDetaching()
    {
        if (!_detaching) return;
        _detaching = false;
        _shard.EndDetach();
    }

    /// <summary>
    /// A drain that could not take this session's connection when it began, since the session was busy, is served by the session itself, as soon as nothing
    /// keeps it. False: there was nothing to do.
    /// </summary>
    private async ValueTask<bool> DetachIfDrainedAsync()
    {
        var gate = Database.Gate;
        if (gate.Phase != GatePhase.Draining || _backend is null || _detaching || _state.PinCauses != PinCauses.None || IsKeptFrom(gate.Drain)) return false;
        _detaching = true;
        _shard.BeginDetach();
        await DetachForDrainAsync();
        return true;
    }

    private bool IsKeptFrom(DrainRequest? drain) => _keptFrom is { } kept && ReferenceEquals(kept, drain);

    /// <summary>Null: it has let go, or a drain that asked for it was taken back meanwhile.</summary>
    private async ValueTask<PinReason?> DetachAsync(PacketChannel backend)
    {
        var query = Query(backend);
        if (_breaks) await GiveUpOnAsync(query);
        var captured = await SessionCapture.CaptureAsync(_state, Catalogue, query, CancellationToken.None, Database.MayRunStoredCode);
        if (captured.Pinned is { } pin)
        {
            UpdateStanding();
            (_keptFrom, _keptBecause) = (Database.Gate.Drain, pin.Words);
            _keptSince = _idleSince;
            _shard.OnDrainBlocked(Describe(pin.Words));
            return pin;
        }
        // Taken back meanwhile: the connection is as it was.
        if (Database.Gate.IsOpen && _detaching) return null;
        if (!backend.Output.IsEmpty) await backend.FlushAsync();
        if (TryGive()) return null;
        backend.Sequence = 0;
        backend.Append([(byte)Command.Quit]);
        await backend.FlushAsync();
        DropBackend();
        return null;
    }

    /// <summary>A rule said that what is idle so long is given up on. The client hears of it with its next statement.</summary>
    private async ValueTask GiveUpOnAsync(BackendQuery query)
    {
        if (_state.Pin is not { } pin) return;
        Log.GivenUp(Database.Logger, ConnectionId, AccountName, IdleTime, pin.Words);
        _pendingError = $"While this session was idle the database was suspended, by a rule that gives up on it: lost are its {pin.Words}";
        if (_state.InTransaction) await query.QueryAsync(["ROLLBACK"u8.ToArray()], SessionCapture.AnswerLimit, CancellationToken.None);
        ForgetWhatIsLost();
    }

    /// <summary>The connection broke while nothing ran. What can be made again will be, at the next statement; what cannot is an error then.</summary>
    private void LoseBackend()
    {
        if (_backend is null) return;
        // The one who killed it may not have the server's answer yet; its signal comes.
        _isBeingKilled = _lent!.KillAim is KillAim.Connection or KillAim.Killed;
        DropBackend();
        var lost = WhatWouldBeLost;
        ForgetWhatIsLost();
        _state.ForgetUnknownRole();
        var reason = _lostBecause ?? "the connection to it broke";
        if (lost is null) return;
        Log.Lost(Database.Logger, ConnectionId, AccountName, $"{reason}; lost: {lost}");
        _pendingError = $"The compute went away ({reason}) while this session was idle; lost: {lost}";
    }

    /// <summary>
    /// The same for a connection to a compute that is not behind the gate any more. A session that is told so while it is busy has it cut off, which shows only to who uses
    /// it. False: it has none such.
    /// </summary>
    private bool LeaveFormerCompute(Gate gate)
    {
        if (_lent is not { } lent || gate.Backend is null || gate.LeadsTo(lent.Opening)) return false;
        _lostBecause ??= "another serves in its place";
        LoseBackend();
        return true;
    }

    /// <summary>What cannot be made again without the backend connection, in words; null: nothing.</summary>
    private string? WhatWouldBeLost
    {
        get
        {
            const string role = "the role chosen by SET ROLE";
            var lost = _state.Pin?.Words ?? (_state.UserVariables is null ? null : "user variables");
            if (!_state.RoleIsUnknown) return lost;
            return lost is null ? role : $"{lost}, {role}";
        }
    }

    /// <summary>What lived only in the backend connection is gone with it; the schema and the session variables that the server reported are known here.</summary>
    private void ForgetWhatIsLost()
    {
        _state.LoseBackend();
        ForgetBackendStatements();
        UpdateStanding();
    }

    private void DropBackend()
    {
        if (_lent is not { } lent) return;
        ReleaseBackend();
        _shard.CloseBackend(lent, politely: false);
        _shard.Counters.AddAttached(-1);
        _shard.OnSessionEased();
    }

    /// <summary>The session has no backend connection any more; whoever calls sees to what becomes of it.</summary>
    private void ReleaseBackend()
    {
        _lent!.Channel.Transport.HangupObserver = null;
        _trackersLent = false;
        _lent = null;
        _backend = null;
        Volatile.Write(ref _backendId, 0);
        _shard.RemoveAttached(this);
    }

    /// <summary>The connection broke under a statement. True: the session goes on.</summary>
    private async ValueTask<bool> OnLostWhileRunningAsync(Exception failure)
    {
        if (_counted)
        {
            _counted = false;
            _shard.Counters.StatementEnded(_started, Database.Time.GetTimestamp(), _counts);
            Volatile.Write(ref _idleSince, Database.Time.GetTimestamp());
        }
        if (_long > 0) ReturnLong();
        if ((_signals & SessionSignals.ClientGone) != 0 || _client.Transport.IsPeerClosed) return false;
        var reason = _lostBecause ?? failure.Message;
        var ended = _reader.HasEnded && !_midCommand;
        // A packet that was passed on in part cannot be followed by an error; a command still on its way cannot either.
        var canTell = _reader.IsBetweenPackets && !_midCommand && !ended;
        Log.Lost(Database.Logger, ConnectionId, AccountName, reason);
        var lost = WhatWouldBeLost;
        var killed = _lent is { } gone && await WasKilledAsync(gone);
        DropBackend();
        ForgetWhatIsLost();
        _state.ForgetUnknownRole();
        _client.Output.Clear();
        if (ended && !killed) return true;
        if (!canTell) return false;
        if (killed)
        {
            await SendErrorAsync(new ErrPacket(ErrorCode.ConnectionKilled, "Connection was killed"), unchecked((byte)(Math.Max(_reader.Sequence, _lastSequence) + 1)));
            return false;
        }
        await SendErrorAsync(
            new ErrPacket(
                ErrorCode.ServerShutdown,
                $"The compute went away while the statement ran ({reason}); whether it took effect is not known"
                + (lost is null ? "" : $"; lost: {lost}")),
            unchecked((byte)(Math.Max(_reader.Sequence, _lastSequence) + 1)));
        return true;
    }

    /// <summary>Some KILLs make the server hang up without a word, perhaps before who sent the KILL has its answer.</summary>
    private async ValueTask<bool> WasKilledAsync(LentBackend lent)
    {
        for (var tries = 0; tries < KillPatience && lent.KillAim == KillAim.Connection; tries++) await _shard.Loop.DelayAsync(s_killPause);
        return lent.KillAim == KillAim.Killed;
    }
}
