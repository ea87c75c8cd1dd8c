using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>What a command of a prepared statement needs on its way: the statement on this backend connection, its id there, its parameters' types.</summary>
internal sealed partial class Session
{
    /// <summary>
    /// Makes the backend know the statement, and the packet name it by the backend's id, with the parameters' types when the backend has not
    /// heard them. False: that failed, and the client has been told.
    /// </summary>
    private async ValueTask<bool> PrepareOnBackendAsync()
    {
        var statement = _statement!;
        if (statement.Attachment != _attachment && !TryRecognise(statement))
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
        return result.Failed ? result.ToError() : null;
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
                NotePrepared(statement);
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
        StmtExecute execute;
        try
        {
            execute = StmtExecute.Read(payload, statement.Parameters, Capabilities);
        }
        catch (MalformedPacketException) when (!_frame.Whole)
        {
            // There are so many types that they go beyond the beginning that is here. They pass through, and are not known afterwards.
            _prepared!.LoseTypes(statement);
            NotePreparedBusy();
            statement.TypesSent = true;
            return;
        }
        if (execute.HasTypes) KeepTypes(statement, execute.Types);
        else if (!statement.TypesSent && execute.TypesFlagOffset >= 0 && statement.Types.Length > 0)
        {
            Insert(payload[..execute.TypesFlagOffset], 1, statement.Types, execute.TypesFlagOffset + 1);
        }
        statement.TypesSent = true;
    }

    private void KeepTypes(PreparedStatement statement, ReadOnlySpan<byte> types)
    {
        if (!statement.TypesLost && types.SequenceEqual(statement.Types)) return;
        _prepared!.KeepTypes(statement, types);
        NotePreparedBusy();
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
            KeepTypes(statement, payload.Slice(typesOffset, Math.Min(size, payload.Length - typesOffset)));
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
}
