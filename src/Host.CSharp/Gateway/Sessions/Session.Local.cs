using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>Statements that are answered here.</summary>
internal sealed partial class Session
{
    private LocalContext LocalContext => new(
        ConnectionId,
        $"{_identity.User}@{_identity.EndPoint?.Address.ToString() ?? "localhost"}",
        $"{_identity.Account.User}@{_identity.Account.Host}",
        Attached: _backend is not null);

    private Decision DecideByText(ReadOnlySpan<byte> text)
    {
        if (_info.Kind is StatementKind.Show or StatementKind.Unknown && ServerlessStatement.Of(text, _state.Dialect) is { } own) return AnswerServerless(own);
        if (Database.Options.Answers.Find(text) is { } configured) return AnswerAsConfigured(configured);
        if (text.Length > LocalAnswers.LongestText || !KeepAliveFilter.MayBeAnswered(text, _info))
        {
            _counts = true;
            return Decision.Forward;
        }
        if (_backend is not null)
        {
            // What would not have woken the compute does not keep it awake either.
            _counts = !LocalAnswers.WouldAnswer(text, _info, _state, Catalogue, LocalContext);
            // Only here is the id known that the client was given, and what the session's last backend connection was asked before it was let go.
            if (!_info.Has(StatementTraits.ReadsConnectionId) && !_state.AnswersLastStatement) return Decision.Forward;
        }
        if (_pendingError is null && LocalAnswers.TryAnswer(text, _info, _state, Catalogue, LocalContext, out var answer))
        {
            if (IsRefusedForItsPassword) return AnswerError(LoginRefusal.MustChange());
            UseUp();
            Append(answer!);
            return Decision.Answered;
        }
        _counts = true;
        return Decision.Forward;
    }

    /// <summary>The server would give no answer either, before the password is changed. MariaDB lets the session set its variables.</summary>
    private bool IsRefusedForItsPassword =>
        _attachment == 0 && _identity.Account.PasswordExpired && !(Catalogue.Family == ServerFamily.MariaDb && _info.Kind == StatementKind.Set);

    private Decision AnswerAsConfigured(FixedAnswer configured)
    {
        if (_backend is not null) return Decision.Forward;
        if (_pendingError is null && configured.Answer(_state, Catalogue) is { } answer)
        {
            if (IsRefusedForItsPassword) return AnswerError(LoginRefusal.MustChange());
            UseUp();
            Append(answer);
            return Decision.Answered;
        }
        _counts = true;
        return Decision.Forward;
    }

    private void Append(LocalAnswer answer)
    {
        if (answer.IsOk)
        {
            _client.Append(new OkPacket { Status = LocalStatus, SessionState = TrackedForClient(SessionTrackText.Write(answer.Tracked)) });
            return;
        }
        var columns = new ColumnDefinition41[answer.Columns.Count];
        for (var i = 0; i < columns.Length; i++)
        {
            var column = answer.Columns[i];
            columns[i] = new ColumnDefinition41(
                column.Schema, column.Table, column.OriginalTable, System.Text.Encoding.UTF8.GetString(column.Name), column.OriginalName,
                column.Collation, column.Length, (ColumnType)column.Type, (ColumnFlags)column.Flags, column.Decimals);
        }
        var writer = ResultSetWriter.Begin(_client, Capabilities, LocalStatus, columns);
        foreach (var row in answer.Rows)
        {
            _client.Output.Begin();
            foreach (var value in row)
            {
                if (value is null) _client.Output.UInt8(0xfb);
                else _client.Output.LengthEncodedBytes(value);
            }
            _client.Sequence = _client.Output.End(_client.Sequence);
        }
        writer.End(LocalStatus, answer.Warnings);
    }
}
