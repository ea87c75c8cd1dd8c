using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>
/// The hot path: reads a command, forwards it, relays its answer. It is one method, so that its state machine lives as long as the session
/// and nothing is allocated per statement; what happens seldom is in methods of its own.
/// </summary>
internal sealed partial class Session
{
    /// <summary>Receives, one after the other, that a large answer may make before the loop turns to other sessions.</summary>
    private const int MostWithoutWaiting = 16;

    private async Task ServeAsync()
    {
        while (true)
        {
            // Obeying takes time, in which the next signal may come: the client is waited for only when there is nothing left to do.
            if (_signals != SessionSignals.None)
            {
                if (!await ObeyAsync(sequence: 0)) return;
                continue;
            }
            if (_backend is { } lent)
            {
                // It broke while the last answer was still on its way to the client, which nobody was told of.
                if (lent.Transport.IsPeerClosed) LoseBackend();
                else if (LeaveFormerCompute(Database.Gate)) continue;
                else if (!Database.Gate.IsOpen && await DetachIfDrainedAsync()) continue;
                else if (_shard.IsWanted && (TryHandOver() || await HandOverAsync())) continue;
            }
            if (!TryReadFrame())
            {
                switch (_client.TryFill())
                {
                    case FillResult.Closed:
                        return;
                    case FillResult.WouldBlock:
                        _phase = SessionPhase.Idle;
                        await _client.WaitReadableAsync().ConfigureAwait(false);
                        _phase = SessionPhase.Busy;
                        break;
                }
                continue;
            }
            var decision = Decide();
            if (decision == Decision.Quit) return;
            if (decision != Decision.Forward)
            {
                if (decision == Decision.Answered) await _client.FlushAsync().ConfigureAwait(false);
                else if (!await ServeSpecialAsync(decision)) return;
                continue;
            }
            if (TryStandInLine())
            {
                var ended = await _held!.Done.ConfigureAwait(false);
                if (!EndsInLine(ended) && !await GetReadyAsync(ended))
                {
                    if (_ending) return;
                    continue;
                }
            }
            else if ((!IsReady || _pendingError is not null) && !await GetReadyAsync())
            {
                if (_ending) return;
                continue;
            }
            if (_info.Has(StatementTraits.SqlExecute)) ResolveExecute();
            if (_info.Has(StatementTraits.SqlExecute | StatementTraits.SqlDeallocate) && !await PrepareMissingAsync()) continue;
            if (AsksConnectionId && !await ShowConnectionIdAsync()) continue;
            if (ClientTrackers.AreNamedBy(_info) && !await LendTrackersAsync()) continue;
            if (NeedsPreparing && !await PrepareOnBackendAsync()) continue;
            var backend = _backend!;
            try
            {
                Begin();
                if (_frame.Whole) await backend.RelayAsync(_client, _toRelay).ConfigureAwait(false);
                else await SendLongAsync(backend);
                var position = 0;
                var sinceWait = 0;
                while (true)
                {
                    var happened = _reader.Advance(backend.Buffered, ref position);
                    if (happened == ResponseEvent.Ended) Finish();
                    else if (happened == ResponseEvent.Prepared) position += TakePrepared(backend, position);
                    else if (happened == ResponseEvent.SessionTrack) position = await PassTrackAsync(backend, position);
                    if (happened is ResponseEvent.Prepared or ResponseEvent.SessionTrack) continue;
                    // What has been gone over goes out at once, with what we made ourselves before it.
                    if (position > 0 || !_client.Output.IsEmpty) await _client.RelayAsync(backend, position).ConfigureAwait(false);
                    position = 0;
                    if (happened == ResponseEvent.Ended) break;
                    if (happened == ResponseEvent.LocalInfile)
                    {
                        await RelayFileAsync(backend);
                        continue;
                    }
                    var filled = backend.TryFill();
                    if (filled == FillResult.Closed) throw new ConnectionLostException("The server closed the connection.");
                    if (filled == FillResult.WouldBlock)
                    {
                        sinceWait = 0;
                        await backend.WaitReadableAsync().ConfigureAwait(false);
                    }
                    else if (++sinceWait == MostWithoutWaiting)
                    {
                        // A fast server with a fast client never lets it wait; the loop's other sessions want their turn too.
                        sinceWait = 0;
                        await Task.Yield();
                    }
                }
            }
            catch (Exception failure) when (failure is ConnectionLostException or MalformedPacketException)
            {
                if (!await OnLostWhileRunningAsync(failure)) return;
                continue;
            }
            if (_afterwards != Afterwards.None && !await DoAfterwardsAsync()) return;
        }
    }

    /// <summary>Finds the command at the beginning of the buffer. False: more bytes are needed.</summary>
    private bool TryReadFrame()
    {
        var bytes = _client.Buffered;
        if (!PacketHeader.TryRead(bytes, out var header)) return false;
        if (header.Sequence != 0) throw new MalformedPacketException($"A command with sequence number 0 expected, {header.Sequence} found.");
        var total = PacketHeader.Size + header.Length;
        var whole = bytes.Length >= total && !header.IsContinued;
        if (!whole)
        {
            var needed = header.Length <= CommandFrame.AlwaysWhole || TakeLong(header) ? total : CommandFrame.Beginning;
            if (bytes.Length < needed) return false;
        }
        var code = header.Length > 0 ? (Command)bytes[PacketHeader.Size] : Command.Sleep;
        _frame = new CommandFrame(code, header.Length, whole);
        _toRelay = total;
        return true;
    }

    private void ResolveExecute()
    {
        if (_frame is { Code: Command.Query, Whole: true }) _info = _state.Resolve(_info, StatementText);
    }

    /// <summary>The command is about to go to the server.</summary>
    private void Begin()
    {
        _started = Database.Time.GetTimestamp();
        Volatile.Write(ref _idleSince, 0);
        if (!_counted) CountRunning(1);
        if (_frame.Code is Command.Query) _state.OnStatementStarting(_info, _info.NeedsText ? StatementText : []);
        else if (_statement is { } statement) _state.OnStatementStarting(_info, statement.Text);
        _reader.Begin(_asksForCursor ? ResponseShape.Cursor : CommandShapes.ShapeOf(_frame.Code), Capabilities);
    }

    /// <summary>The answer has been read to its end; it has not been passed on to its end.</summary>
    private void Finish()
    {
        if (_frame.Code is Command.Ping or Command.SetOption)
        {
            if (_reader.Succeeded) _state.OnStatus((ushort)_reader.Status);
        }
        else if (_reader.HasStatus)
        {
            _state.OnStatementEnded(
                _info,
                new StatementOutcome
                {
                    Succeeded = _reader.Succeeded,
                    ErrorCode = _reader.ErrorCode,
                    ServerStatus = (ushort)_reader.Status,
                    ResultSet = _reader.ResultSet,
                    AffectedRows = _reader.AffectedRows,
                    InsertId = _reader.InsertId,
                    Rows = _reader.Rows,
                    Warnings = _reader.Warnings,
                });
        }
        NoteAfterwards();
        UpdateStanding();
        if (_preparing.Length > 0) _preparing = [];
        if (SessionProbe.IsWanted(_state)) ScheduleProbe();
        var now = Database.Time.GetTimestamp();
        Volatile.Write(ref _idleSince, now);
        _counted = false;
        _shard.Counters.StatementEnded(_started, now, _counts);
        if (_long > 0) ReturnLong();
    }

    /// <summary>
    /// Reads the session state of an OK packet, which goes on to the client with what it asked to be told of it: what goes before is sent, then the packet is
    /// written anew. Gives the position to go on from.
    /// </summary>
    private async ValueTask<int> PassTrackAsync(PacketChannel backend, int position)
    {
        if (position > 0) await _client.RelayAsync(backend, position);
        RewriteOk(backend.Buffered[PacketHeader.Size.._reader.PacketLength]);
        backend.Advance(_reader.PacketLength);
        return 0;
    }

    private void RewriteOk(ReadOnlySpan<byte> packet)
    {
        var ok = OkPacket.Read(packet, Capabilities | Capabilities.SessionTrack);
        var tracked = TrackedForClient(ok.SessionState);
        if (!ok.SessionState.IsEmpty) _state.OnSessionTrack(ok.SessionState);
        _client.Sequence = _reader.Sequence;
        _client.Append(new OkPacket
        {
            AffectedRows = ok.AffectedRows, LastInsertId = ok.LastInsertId, Status = ok.Status, Warnings = ok.Warnings, Info = ok.Info,
            EndsResultSet = ok.EndsResultSet, SessionState = tracked,
        });
    }

    /// <summary>Passes on a command whose end is not in the buffer.</summary>
    private async ValueTask SendLongAsync(PacketChannel backend)
    {
        await RelayPacketsAsync(backend, untilEmpty: false);
    }

    /// <summary>The client's answer to LOCAL INFILE: packets up to an empty one.</summary>
    private async ValueTask RelayFileAsync(PacketChannel backend)
    {
        await RelayPacketsAsync(backend, untilEmpty: true);
        _reader.EndOfFile();
    }

    /// <summary>Passes the client's packets on as they come, up to the end of the command, or up to an empty packet. Null: throws them away.</summary>
    private async ValueTask RelayPacketsAsync(PacketChannel? backend, bool untilEmpty)
    {
        _midCommand = true;
        while (true)
        {
            PacketHeader header;
            while (!PacketHeader.TryRead(_client.Buffered, out header)) await FillFromClientAsync();
            _lastSequence = header.Sequence;
            var left = PacketHeader.Size + header.Length;
            while (left > 0)
            {
                if (_client.Buffered.IsEmpty) await FillFromClientAsync();
                var part = Math.Min(left, _client.Buffered.Length);
                if (backend is null) _client.Advance(part);
                else await backend.RelayAsync(_client, part);
                left -= part;
            }
            if (untilEmpty ? header.Length == 0 : !header.IsContinued) break;
        }
        _midCommand = false;
    }

    private async ValueTask FillFromClientAsync()
    {
        if (!await _client.FillAsync()) throw new ConnectionLostException("The client closed the connection in the middle of a command.");
    }

    private ReadOnlySpan<byte> Payload => _client.Buffered.Slice(PacketHeader.Size, Math.Min(_frame.Length, _client.Buffered.Length - PacketHeader.Size));

    private ReadOnlySpan<byte> StatementText => Payload[_textStart..];
}
