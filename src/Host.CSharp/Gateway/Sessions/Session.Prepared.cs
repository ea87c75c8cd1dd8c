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

    private bool _asksForCursor;

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
                return Decision.Discard;
            case Command.StmtReset when statement is not null && (_backend is null || statement.Attachment != _attachment):
                return AnswerOk();
        }
        if (statement is null)
        {
            return AnswerError(ErrorCode.UnknownStatement, $"Unknown prepared statement handler ({id}) given to {NameOf(_frame.Code)}");
        }
        _counts = true;
        _statement = statement;
        if (_frame.Code is Command.StmtExecute or Command.StmtBulkExecute) _info = statement.Info;
        if (_frame is { Code: Command.StmtExecute, Whole: true } && statement.Text.Length > 0 && IsKill(statement.Text)) return Decision.Kill;
        _asksForCursor = _frame.Code == Command.StmtExecute && StmtExecute.AsksForCursor(Payload);
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
                _lent!.OnStatementClosed(statement.BackendId);
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

    /// <summary>The server's answer to COM_STMT_PREPARE stands at the position: gives the statement our id. Returns the packet's length.</summary>
    private int TakePrepared(PacketChannel backend, int position)
    {
        var packet = backend.Buffered.Slice(position + PacketHeader.Size, _reader.PacketLength - PacketHeader.Size);
        var ok = StmtPrepareOk.Read(packet, Capabilities);
        _prepared ??= new PreparedStatements();
        var statement = _prepared.Add(_preparing, whole: _preparing.Length > 0, _prepareInfo, _state.Schema);
        statement.BackendId = ok.StatementId;
        statement.Parameters = ok.Parameters;
        NotePrepared(statement);
        _state.Doubt(StateDoubts.LastStatement);
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
            if (_reader.OpenedCursor) _prepared!.MarkCursor(statement);
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
