using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>
/// Prepared statements of the binary protocol. The client's ids are ours; the backend's take their place in the packet on the way. On a backend connection
/// that does not know a statement yet it is prepared again at its first use.
/// </summary>
internal sealed partial class Session
{
    private PreparedStatement? _statement;
    private byte[] _preparing = [];

    /// <summary>The command needs a statement that this backend connection has not been told of.</summary>
    private bool NeedsPreparing => _statement is not null;

    private Decision DecidePrepare()
    {
        _counts = true;
        var text = Payload[1..];
        _info = StatementClassifier.Classify(text, _state.Dialect);
        if (!_frame.Whole) _info = new StatementInfo(_info.Kind, _info.Traits | StatementTraits.NotUnderstood);
        _preparing = _frame.Whole && text.Length <= PreparedStatements.MostTextBytes ? text.ToArray() : [];
        // Preparing does not run it.
        _prepareInfo = _info;
        _info = default;
        return Decision.Forward;
    }

    private StatementInfo _prepareInfo;

    private Decision DecideStatement()
    {
        if (_frame.Length < 5) throw new MalformedPacketException("prepared statement", _frame.Length, "a statement id expected");
        var id = BinaryPrimitives.ReadUInt32LittleEndian(Payload[StmtExecute.StatementIdOffset..]);
        var statement = _prepared?.Find(id);
        switch (_frame.Code)
        {
            case Command.StmtClose:
                return Close(statement);
            case Command.StmtSendLongData when statement is null:
                // No answer belongs to it; the execute that follows gets its error.
                if (_frame.Whole) UseUp();
                else return Decision.Forward;
                return Decision.Answered;
            case Command.StmtReset when statement is not null && !(IsReady && statement.Attachment == _attachment):
                return AnswerOk();
        }
        if (statement is null)
        {
            return AnswerError(ErrorCode.UnknownStatement, $"Unknown prepared statement handler ({id}) given to {NameOf(_frame.Code)}");
        }
        _counts = true;
        _statement = statement;
        if (_frame.Code is Command.StmtExecute or Command.StmtBulkExecute) _info = statement.Info;
        return Decision.Forward;
    }

    private static string NameOf(Command command) => command switch
    {
        Command.StmtFetch => "mysqld_stmt_fetch",
        Command.StmtReset => "mysqld_stmt_reset",
        _ => "mysqld_stmt_execute",
    };

    private Decision Close(PreparedStatement? statement)
    {
        if (statement is not null)
        {
            _prepared!.Remove(statement);
            NotePreparedBusy();
            if (_backend is { } backend && statement.Attachment == _attachment)
            {
                backend.Sequence = 0;
                backend.Output.Begin();
                backend.Output.UInt8((byte)Command.StmtClose);
                backend.Output.UInt32(statement.BackendId);
                backend.Output.End(0);
            }
        }
        UseUp();
        return Decision.Answered;
    }

    /// <summary>
    /// Makes the backend know the statement, and the packet name it by the backend's id, with the parameters' types when the backend has not
    /// heard them. False: that failed, and the client has been told.
    /// </summary>
    private async ValueTask<bool> PrepareOnBackendAsync()
    {
        var statement = _statement!;
        if (statement.Attachment != _attachment)
        {
            ErrPacket? error;
            try
            {
                error = await PrepareInItsSchemaAsync(_backend!, statement);
            }
            catch (Exception failure) when (failure is ConnectionLostException or MalformedPacketException)
            {
                return await RefuseForLossAsync(failure);
            }
            if (error is not null) return await RefuseAsync(error);
        }
        Address(statement);
        return true;
    }

    /// <summary>The connection broke before the command went out. Always false, for its callers' sake.</summary>
    private async ValueTask<bool> RefuseForLossAsync(Exception failure)
    {
        _lostBecause ??= failure.Message;
        var error = new ErrPacket(ErrorCode.ServerShutdown, $"The compute went away before the statement ran ({_lostBecause}); it was not run");
        LoseBackend();
        _pendingError = null;
        return await RefuseAsync(error);
    }

    /// <summary>
    /// Names in the text belong to the schema that was in use when the client prepared it. A session that has none in use could not leave another one
    /// again, and prepares where it is.
    /// </summary>
    private async ValueTask<ErrPacket?> PrepareInItsSchemaAsync(PacketChannel backend, PreparedStatement statement)
    {
        if (statement.Schema is not { } schema || _state.Schema is not { } own || schema == own) return await PrepareAgainAsync(backend, statement);
        if (await UseAsync(backend, schema) is { } missing) return missing;
        var error = await PrepareAgainAsync(backend, statement);
        if (await UseAsync(backend, own) is not { } lost) return error;
        // Its schema was dropped meanwhile. Without it the connection is not the session's any more.
        throw new ConnectionLostException($"schema {own} cannot be used any more: {lost.Message}");
    }

    private async ValueTask<ErrPacket?> UseAsync(PacketChannel backend, string schema)
    {
        var use = new SqlText().Add("USE ").Name(schema).Bytes;
        var result = (await Query(backend).QueryAsync([use], SessionCapture.AnswerLimit, CancellationToken.None))[0];
        return result.Failed ? new ErrPacket(result.ErrorCode, result.ErrorMessage) : null;
    }

    private async ValueTask<ErrPacket?> PrepareAgainAsync(PacketChannel backend, PreparedStatement statement)
    {
        if (statement.Text.Length == 0)
            return new ErrPacket(ErrorCode.UnknownStatement, $"Prepared statement {statement.ClientId} was too long to be kept over a suspend; prepare it again");
        backend.Sequence = 0;
        backend.Output.Begin();
        backend.Output.UInt8((byte)Command.StmtPrepare);
        backend.Output.Bytes(statement.Text);
        backend.Output.End(0);
        await backend.FlushAsync();
        var reader = default(ResponseReader);
        reader.Begin(ResponseShape.Prepare, BackendCapabilities);
        while (true)
        {
            var position = 0;
            var happened = reader.Advance(backend.Buffered, ref position);
            if (happened == ResponseEvent.Prepared)
            {
                var ok = StmtPrepareOk.Read(backend.Buffered.Slice(position + PacketHeader.Size, reader.PacketLength - PacketHeader.Size), BackendCapabilities);
                statement.BackendId = ok.StatementId;
                statement.Attachment = _attachment;
                statement.TypesSent = false;
                position += reader.PacketLength;
            }
            if (happened == ResponseEvent.Ended && !reader.Succeeded)
            {
                var error = ErrPacket.Read(backend.Buffered.Slice(PacketHeader.Size, position - PacketHeader.Size));
                backend.Advance(position);
                return error;
            }
            if (position > 0) backend.Advance(position);
            if (happened == ResponseEvent.Ended) return null;
            if (happened == ResponseEvent.NeedMore && !await backend.FillAsync()) throw new ConnectionLostException("The server closed the connection.");
        }
    }

    private void Address(PreparedStatement statement)
    {
        // The buffer is this session's own, and nobody else looks at it between here and the send.
        var id = _client.Buffered.Slice(PacketHeader.Size + StmtExecute.StatementIdOffset, 4);
        BinaryPrimitives.WriteUInt32LittleEndian(MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(id), 4), statement.BackendId);
        switch (_frame.Code)
        {
            case Command.StmtSendLongData:
                _prepared!.MarkLongData(statement);
                NotePreparedBusy();
                break;
            case Command.StmtReset:
                _prepared!.MarkIdle(statement);
                NotePreparedBusy();
                break;
            case Command.StmtExecute:
                AddTypes(statement);
                break;
            case Command.StmtBulkExecute:
                AddBulkTypes(statement);
                break;
        }
    }

    private void AddTypes(PreparedStatement statement)
    {
        if (statement.Parameters == 0 && (Capabilities & Capabilities.QueryAttributes) == 0) return;
        var payload = Payload;
        var execute = StmtExecute.Read(payload, statement.Parameters, Capabilities);
        if (execute.HasTypes)
        {
            if (!execute.Types.SequenceEqual(statement.Types)) statement.Types = execute.Types.ToArray();
        }
        else if (!statement.TypesSent && execute.TypesFlagOffset >= 0 && statement.Types.Length > 0)
        {
            Insert(payload[..execute.TypesFlagOffset], 1, statement.Types, execute.TypesFlagOffset + 1);
        }
        statement.TypesSent = true;
    }

    /// <summary>MariaDB's COM_STMT_BULK_EXECUTE: id, flags (128: types follow), types, then rows.</summary>
    private void AddBulkTypes(PreparedStatement statement)
    {
        const int flagsOffset = 5, typesOffset = 7;
        const ushort typesFollow = 128;
        var payload = Payload;
        var size = statement.Parameters * 2;
        if (payload.Length < typesOffset) return;
        var flags = BinaryPrimitives.ReadUInt16LittleEndian(payload[flagsOffset..]);
        if ((flags & typesFollow) != 0)
        {
            var types = payload.Slice(typesOffset, Math.Min(size, payload.Length - typesOffset));
            if (!types.SequenceEqual(statement.Types)) statement.Types = types.ToArray();
        }
        else if (!statement.TypesSent && statement.Types.Length == size)
        {
            Span<byte> head = stackalloc byte[typesOffset - 1];
            payload[..(typesOffset - 1)].CopyTo(head);
            head[flagsOffset] |= (byte)typesFollow;
            Insert(head, (byte)(flags >> 8), statement.Types, typesOffset);
        }
        statement.TypesSent = true;
    }

    /// <summary>Writes the packet anew with the types in it: what goes before, one byte, the types, then the payload from an offset on.</summary>
    private void Insert(ReadOnlySpan<byte> before, byte flag, ReadOnlySpan<byte> types, int goOnAt)
    {
        // Of a packet that is not whole only the first packet's header would have to change; such a one comes with its types in practice.
        if (!_frame.Whole) return;
        var output = _backend!.Output;
        output.Begin();
        output.Bytes(before);
        output.UInt8(flag);
        output.Bytes(types);
        output.Bytes(Payload[goOnAt..]);
        output.End(0);
        _client.Advance(_frame.Total);
        _toRelay = 0;
    }

    /// <summary>The server's answer to COM_STMT_PREPARE stands at the position: gives the statement our id. Returns the packet's length.</summary>
    private int TakePrepared(PacketChannel backend, int position)
    {
        var packet = backend.Buffered.Slice(position + PacketHeader.Size, _reader.PacketLength - PacketHeader.Size);
        var ok = StmtPrepareOk.Read(packet, Capabilities);
        _prepared ??= new PreparedStatements();
        var statement = _prepared.Add(_preparing, whole: _preparing.Length > 0, _prepareInfo, _state.Schema);
        statement.BackendId = ok.StatementId;
        statement.Attachment = _attachment;
        statement.Parameters = ok.Parameters;
        if (_preparing.Length == 0 || statement.Text.Length == 0) _state.PinFor(PinCauses.OpenCursor, "prepared statement that is too long to be kept");
        BinaryPrimitives.WriteUInt32LittleEndian(
            MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(packet[StmtPrepareOk.StatementIdOffset..]), 4), statement.ClientId);
        return _reader.PacketLength;
    }

    /// <summary>An execute or fetch has ended: cursors and long data.</summary>
    private void NoteStatementEnded(PreparedStatement statement)
    {
        if (_frame.Code is Command.StmtExecute or Command.StmtBulkExecute)
        {
            if (statement.HasLongData || statement.HasCursor) _prepared!.MarkIdle(statement);
            if (_reader.Succeeded && (_reader.Status & ServerStatus.CursorExists) != 0) _prepared!.MarkCursor(statement);
        }
        else if (_frame.Code == Command.StmtFetch && statement.HasCursor && (!_reader.Succeeded || (_reader.Status & ServerStatus.LastRowSent) != 0))
        {
            _prepared!.MarkIdle(statement);
        }
        NotePreparedBusy();
    }

    private void NotePreparedBusy()
    {
        if (_prepared is not { } prepared) return;
        if (prepared.Unkept > 0) _state.PinFor(PinCauses.OpenCursor, "prepared statement that is too long to be kept");
        else if (prepared.Busy > 0) _state.PinFor(PinCauses.OpenCursor, "open cursor, or data sent ahead for a prepared statement");
        else _state.OnCursors(open: false);
    }

    /// <summary>The backend connection is gone, and with it cursors and data that were sent ahead.</summary>
    private void ForgetBackendStatements()
    {
        if (_prepared is not { } prepared) return;
        foreach (var statement in prepared.All) prepared.MarkIdle(statement);
    }
}
