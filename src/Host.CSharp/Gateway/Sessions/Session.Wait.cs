using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>Waiting for a compute: for the gate to open, for a turn to attach, within the bounds of time, count and memory.</summary>
internal sealed partial class Session
{
    /// <summary>It is over with this session; the loop returns.</summary>
    private bool _ending;

    /// <summary>The statement is counted as running.</summary>
    private bool _counted;

    /// <summary>A statement waits for a backend connection, in line or on the way to one.</summary>
    private bool _waits;

    private int _waitNumber;

    /// <summary>Timestamp of when the wait began.</summary>
    private long _waitsSince;

    private int _heldBytes;

    private LoopTimer? _ownTimer;

    /// <summary>Which of its waits the session is in, 0 for none; from any thread.</summary>
    private int CurrentWait => _waits ? Volatile.Read(ref _waitNumber) : 0;

    private long _started;

    /// <summary>It has a backend connection, and the gate lets it use it.</summary>
    private bool IsReady => _lent is { } lent && Database.Gate is var gate && gate.LeadsTo(lent.Opening) && (gate.IsOpen || MayFinish(gate));

    /// <summary>An operator's drain waits for the end of what this session has begun, so it may go on with it.</summary>
    private bool MayFinish(Gate gate) => gate.LetsBusyFinish && _state.PinCauses != PinCauses.None;

    private void CountRunning(int change)
    {
        _counted = change > 0;
        _shard.Counters.AddRunning(change);
    }

    /// <summary>
    /// Sees to it that the session has a backend connection and may use it. False: it has not, the command has been answered with an error
    /// and used up; or the session ends.
    /// </summary>
    private ValueTask<bool> GetReadyAsync()
    {
        BeginWait();
        return GetReadyAsync(first: null);
    }

    /// <param name="first">How its first time in the line ended, if it has stood there already.</param>
    private async ValueTask<bool> GetReadyAsync(HoldOutcome? first)
    {
        try
        {
            return await WaitUntilReadyAsync(first);
        }
        finally
        {
            EndWait();
        }
    }

    private void BeginWait()
    {
        _waitNumber = _waitNumber == int.MaxValue ? 1 : _waitNumber + 1;
        _waits = true;
        _waitsSince = Database.Time.GetTimestamp();
        _ownTimeLimit = null;
    }

    private void EndWait()
    {
        _waits = false;
        _signals &= ~SessionSignals.QueryKilled;
    }

    /// <summary>
    /// Goes to the end of the line of those that wait for a connection while the compute runs. Where connections are few this is what nearly all statements do, so it is done
    /// without the methods that see to everything else: their boxes, and their code in the processor's caches, cost more than the wait itself. False: it is not in the line.
    /// </summary>
    private bool TryStandInLine()
    {
        if (_backend is not null || !_shard.MustWait || _signals != SessionSignals.None || _pendingError is not null || _isBeingKilled || !Database.Gate.IsOpen) return false;
        BeginWait();
        _ownTimeLimit = ReadOwnTimeLimit();
        if (TryHold() is null) return true;
        EndWait();
        return false;
    }

    /// <summary>Its time in the line has ended. True: it has a connection; otherwise there is more to see to.</summary>
    private bool EndsInLine(HoldOutcome outcome)
    {
        EndHold(outcome);
        if (outcome != HoldOutcome.Go || !IsReady || _signals != SessionSignals.None) return false;
        EndWait();
        return true;
    }

    private async ValueTask<bool> WaitUntilReadyAsync(HoldOutcome? outcome)
    {
        string? trouble = null;
        while (true)
        {
            switch (outcome)
            {
                case HoldOutcome.GoAttach:
                    if (!_counted) CountRunning(1);
                    var left = TimeLimit - Database.Time.GetElapsedTime(_waitsSince);
                    var attached = await AttachInSlotAsync(left > s_shortestAttach ? left : s_shortestAttach);
                    if (attached.Error is { } error)
                    {
                        if (attached.EndsSession) _ending = true;
                        return await RefuseAsync(error);
                    }
                    if (attached.Ran) return await AnswerChangedPasswordAsync();
                    trouble = attached.Trouble ?? trouble;
                    if (attached.Trouble is null || _signals != SessionSignals.None) break;
                    if (Database.Time.GetElapsedTime(_waitsSince) >= TimeLimit) return await RefuseAsync(TimedOut(Database.Gate, trouble));
                    // The compute may just have died; Control will say so, and then the statement waits for the next one.
                    await RestAsync();
                    break;
                case HoldOutcome.Refused:
                    return await RefuseAsync(Refusal(_refusal ?? "the statement was given up on"));
                case HoldOutcome.TimedOut:
                    return await RefuseAsync(TimedOut(Database.Gate, trouble));
                case HoldOutcome.ClientGone:
                    return GiveUp();
            }
            outcome = null;
            if ((_signals & SessionSignals.QueryKilled) != 0)
                return await RefuseAsync(new ErrPacket(ErrorCode.QueryInterrupted, "Query execution was interrupted"));
            if (_signals != SessionSignals.None)
            {
                // The command is here, and what ends the session is its answer.
                if (!await ObeyAsync(sequence: 1)) return GiveUp();
                continue;
            }
            if (_isBeingKilled)
            {
                await HearOfTheKillAsync();
                continue;
            }
            if (_pendingError is { } pending)
            {
                _pendingError = null;
                return await RefuseAsync(new ErrPacket(ErrorCode.ServerShutdown, pending));
            }
            if (IsReady) return true;
            if (_backend is not null && await DetachIfDrainedAsync()) continue;
            var gate = Database.Gate;
            if (LeaveFormerCompute(gate)) continue;
            if (gate.IsOpen && _backend is null && _shard.TryTakeAsItIs(this)) continue;
            _ownTimeLimit ??= ReadOwnTimeLimit();
            if (gate.IsOpen && _backend is null && _shard.TryBeginAttach(this)) outcome = HoldOutcome.GoAttach;
            else if (gate.Refusal is { } refusal && !gate.IsOpen) return await RefuseAsync(Refusal(refusal));
            else outcome = await HoldAsync(gate, isInTrouble: trouble is not null);
        }
    }

    /// <summary>Between two attempts to attach. Nobody stands in the line for them, and the statement is held all the same.</summary>
    private async ValueTask RestAsync()
    {
        _shard.Counters.AddHeld(1);
        if (_counted) CountRunning(-1);
        await _shard.Loop.DelayAsync(RetryDelay);
        CountRunning(1);
        _shard.Counters.AddHeld(-1);
    }

    /// <summary>The servers do not count a login as a statement's time: one that may take less than that would never be run.</summary>
    private static readonly TimeSpan s_shortestAttach = TimeSpan.FromSeconds(1);

    private static TimeSpan RetryDelay => TimeSpan.FromMilliseconds(50);

    private string? _refusal;

    private async ValueTask<HoldOutcome> HoldAsync(Gate gate, bool isInTrouble)
    {
        if (TryHold() is { } exceeded)
        {
            _refusal = $"it was to wait for {gate.WaitsFor}, but {exceeded}";
            return HoldOutcome.Refused;
        }
        if (!gate.IsOpen || isInTrouble) Database.SignalHeld();
        // The gate may have moved between the look at it and the place in line: then this loop is told after this, and goes through the line.
        var outcome = await _held!.Done;
        EndHold(outcome);
        return outcome;
    }

    /// <summary>Stands at the end of the line, until <see cref="HeldStatement.Done"/>. Null: it does; otherwise which limit forbids it, in words.</summary>
    private string? TryHold()
    {
        var bytes = _client.Buffered.Length;
        if (Database.Hold.TryTake(bytes) is { } exceeded) return exceeded;
        _heldBytes = bytes;
        _held = _place ??= new HeldStatement(this, _shard.Loop, Database.Time);
        _held.Begin(_waitsSince, needsAttach: _backend is null);
        if (_ownTimeLimit < Database.Hold.Time) _ownTimer = _shard.Loop.StartTimer(_held.TimeLeft(_ownTimeLimit.Value), static session => ((Session)session!).OnOwnTimeOver(), this);
        _phase = SessionPhase.Held;
        _shard.Enter(_held, counted: _counted);
        _counted = false;
        return null;
    }

    private void EndHold(HoldOutcome outcome)
    {
        _ownTimer?.Cancel();
        _ownTimer = null;
        _refusal = _held!.Reason;
        if (outcome is HoldOutcome.Go or HoldOutcome.GoAttach) _counted = true;
        _phase = SessionPhase.Busy;
        _held = null;
        Database.Hold.Return(_heldBytes);
        Database.OnHoldEnded();
    }

    /// <summary>What the client allows the statement, where that could be read; it cannot while the session has a connection.</summary>
    private TimeSpan? _ownTimeLimit;

    private TimeSpan TimeLimit => _ownTimeLimit is { } own && own < Database.Hold.Time ? own : Database.Hold.Time;

    private TimeSpan? ReadOwnTimeLimit() =>
        _backend is not null || !_frame.Whole ? null
        : _frame.Code == Command.Query ? StatementTimeLimit.Of(StatementText, _info, _state, Catalogue)
        : _statement is { } prepared ? StatementTimeLimit.Of(prepared.Text, prepared.Info, _state, Catalogue)
        : null;

    private void OnOwnTimeOver()
    {
        if (_held is { } held && _shard.Leave(held)) held.Resolve(HoldOutcome.TimedOut, reason: null);
    }

    private bool GiveUp()
    {
        _ending = true;
        return false;
    }

    private static ErrPacket Refusal(string reason) => new(ErrorCode.ServerShutdown, $"The statement was not run: {reason}");

    private ErrPacket TimedOut(Gate gate, string? trouble)
    {
        var waited = $"it waited {Database.Time.GetElapsedTime(_waitsSince).TotalSeconds:0.0} s for {gate.WaitsFor}"
            + (gate.IsOpen && Database.Room.IsFull ? $" (all {Database.Room.Limit} that limits:backendConnections allows are in use)" : "")
            + (trouble is null ? "" : $" ({trouble})");
        if (TimeLimit == Database.Hold.Time) return new ErrPacket(ErrorCode.ServerShutdown, $"The statement was not run: {waited}; try again");
        var (code, message) = StatementTimeLimit.Error(Catalogue.Family);
        return new ErrPacket(code, $"{message}; it was not run: {waited}");
    }

    /// <summary>Uses the command up, which has run. Always false, as for one that is refused: there is nothing left to forward.</summary>
    private async ValueTask<bool> AnswerChangedPasswordAsync()
    {
        if (_counted) CountRunning(-1);
        AnswerOk();
        await _client.FlushAsync();
        Volatile.Write(ref _idleSince, Database.Time.GetTimestamp());
        return false;
    }

    /// <summary>Uses the command up and answers it with an error. Always false, for its callers' sake.</summary>
    private async ValueTask<bool> RefuseAsync(ErrPacket error)
    {
        if (_counted) CountRunning(-1);
        if (_long > 0) ReturnLong();
        await RelayPacketsAsync(backend: null, untilEmpty: false);
        if (CommandShapes.ShapeOf(_frame.Code) == ResponseShape.None)
        {
            // There is no answer to this command; the one that follows gets it.
            _pendingError = error.Message;
            return false;
        }
        await SendErrorAsync(error, unchecked((byte)(_lastSequence + 1)));
        return false;
    }
}
