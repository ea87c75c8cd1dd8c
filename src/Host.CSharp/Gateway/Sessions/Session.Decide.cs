using System.Buffers.Binary;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>What is to be done with a command: its one place.</summary>
internal sealed partial class Session
{
    private enum Decision : byte
    {
        /// <summary>It goes to the server.</summary>
        Forward,

        /// <summary>The answer, which may be none, is in the client's output; the command is used up.</summary>
        Answered,
        ChangeUser,

        /// <summary>It has no answer and nobody to go to: it is thrown away as it comes.</summary>
        Discard,
        Kill,
        ShowProcessList,

        /// <summary>An operator's, to what decides over the database.</summary>
        Command,

        /// <summary>From here on bytes go both ways as they come.</summary>
        Stream,
        Quit,
    }

    private int _textStart;
    private int _toRelay;

    /// <summary>The statement is one that would have woken the compute.</summary>
    private bool _counts;

    private Decision Decide()
    {
        _info = default;
        _statement = null;
        _asksForCursor = false;
        _counts = false;
        switch (_frame.Code)
        {
            case Command.Query:
                return DecideQuery();
            case Command.Quit:
                return Decision.Quit;
            case Command.StmtPrepare:
                return DecidePrepare();
            case Command.StmtExecute or Command.StmtBulkExecute or Command.StmtFetch or Command.StmtSendLongData or Command.StmtReset or Command.StmtClose:
                return DecideStatement();
            case Command.Ping:
                return IsReady && _pendingError is null ? Decision.Forward : AnswerOk();
            case Command.InitDb:
                return DecideInitDb();
            case Command.ResetConnection:
                _pendingError = null;
                if (IsReady) return Decision.Forward;
                if (_backend is not null) DropBackend();
                ResetState();
                return AnswerOk();
            case Command.SetOption:
                return DecideSetOption();
            case Command.ChangeUser:
                return Decision.ChangeUser;
            case Command.ProcessKill:
                _counts = true;
                return Decision.Kill;
            case Command.Statistics:
                return Decision.Forward;
            case Command.BinlogDump or Command.BinlogDumpGtid:
                _counts = true;
                return Decision.Stream;
            default:
                _counts = true;
                return Decision.Forward;
        }
    }

    private Decision DecideQuery()
    {
        var payload = Payload;
        try
        {
            _textStart = (Capabilities & Capabilities.QueryAttributes) == 0 ? 1 : QueryText.FindStart(payload, Capabilities);
        }
        catch (MalformedPacketException) when (!_frame.Whole)
        {
            // Attributes longer than what is here: the text cannot be seen.
            _textStart = payload.Length;
        }
        var text = payload[_textStart..];
        _info = StatementClassifier.Classify(text, _state.Dialect);
        if (!_frame.Whole)
        {
            _info = new StatementInfo(_info.Kind, _info.Traits | StatementTraits.NotUnderstood);
            _counts = true;
            return Decision.Forward;
        }
        if (IsKill(text))
        {
            _counts = true;
            return Decision.Kill;
        }
        if (ProcessListStatement.IsIt(text, _info, _state.Dialect))
        {
            _counts = true;
            return Decision.ShowProcessList;
        }
        return DecideByText(text);
    }

    private Decision DecideInitDb()
    {
        _counts = !IsReady && !NamesCurrentSchema(Payload[1..]);
        return _backend is null && !_counts && _pendingError is null ? AnswerOk() : Decision.Forward;
    }

    private bool NamesCurrentSchema(ReadOnlySpan<byte> name) =>
        _state.Schema is { } schema && name.Length <= 256 && System.Text.Encoding.UTF8.GetString(name) == schema;

    private Decision DecideSetOption()
    {
        if (_frame.Length < 3) return Decision.Forward;
        _multiStatements = BinaryPrimitives.ReadUInt16LittleEndian(Payload[1..]) == 0;
        if (_backend is not null) return Decision.Forward;
        UseUp();
        AppendEnd();
        return Decision.Answered;
    }

    /// <summary>Takes the command, all of which is there, out of the buffer; an answer goes into the output.</summary>
    private void UseUp()
    {
        if (!_frame.Whole) throw new MalformedPacketException($"A command {_frame.Code} of less than {PacketHeader.MaxLength} bytes expected.");
        if (_long > 0) ReturnLong();
        _client.Advance(_frame.Total);
        _client.Sequence = 1;
    }

    private Decision AnswerOk(ulong affectedRows = 0)
    {
        UseUp();
        _client.Append(new OkPacket { Status = LocalStatus, AffectedRows = affectedRows });
        return Decision.Answered;
    }

    private Decision AnswerError(ushort code, string message) => AnswerError(new ErrPacket(code, message));

    private Decision AnswerError(ErrPacket error)
    {
        UseUp();
        _client.Append(error);
        return Decision.Answered;
    }

    private void AppendEnd()
    {
        if ((Capabilities & Capabilities.DeprecateEof) != 0) _client.Append(new OkPacket { Status = LocalStatus, EndsResultSet = true });
        else _client.Append(new EofPacket(0, LocalStatus));
    }

    private ServerStatus LocalStatus => (ServerStatus)_state.ServerStatus & ~(ServerStatus.MoreResults | ServerStatus.SessionStateChanged);
}
