using System.Globalization;
using System.Text;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>
/// SHOW [FULL] PROCESSLIST as the gateway's clients should see it: the server's list, with the ids that clients were given (and KILL takes), their own addresses,
/// the sessions that have no backend connection, and without the gateway's own connections. Who may see whom is the server's to say.
/// </summary>
internal sealed partial class Session
{
    /// <summary>Longest list to take from the server, in bytes.</summary>
    private const int LongestProcessList = 64 << 20;

    /// <summary>Id, User, Host, db, Command, Time, State, Info.</summary>
    private const int LeastColumns = 8;

    /// <summary>
    /// Needs the PROCESS privilege on both families, however it was granted, and costs nothing: without it error 1227. Source: MySQL Reference Manual and
    /// MariaDB Knowledge Base, "The INFORMATION_SCHEMA INNODB_CMP Table".
    /// </summary>
    private static readonly byte[] s_asksForProcessRight = [.. "SELECT 1 FROM information_schema.INNODB_CMP LIMIT 1"u8];

    /// <summary>As the list of processes shows it; from any thread.</summary>
    public ProcessListEntry ListEntry
    {
        get
        {
            var host = ClientHost.Of(_identity.EndPoint?.Address, _identity.Authenticator.EngineResolvesNames).Display;
            if (_identity.EndPoint is { } endPoint) host = $"{host}:{endPoint.Port}";
            return new ProcessListEntry(ConnectionId, BackendConnectionId, _identity.Account.User, _identity.User, host, _state.Schema, _waits, (long)IdleTime.TotalSeconds);
        }
    }

    private async ValueTask<bool> ShowProcessListAsync()
    {
        if ((!IsReady || _pendingError is not null) && !await GetReadyAsync()) return !_ending;
        byte[] text = [.. StatementText];
        Begin();
        IReadOnlyList<BackendResult> results;
        try
        {
            // The statement itself last: what the server says of "the last statement" afterwards is right.
            results = await Query(_backend!).QueryAsync([s_asksForProcessRight, text], LongestProcessList, CancellationToken.None);
        }
        catch (Exception failure) when (failure is ConnectionLostException or MalformedPacketException)
        {
            await RelayPacketsAsync(backend: null, untilEmpty: false);
            return await OnLostWhileRunningAsync(failure);
        }
        var list = results[1];
        // Its answer has been read, and not by the reader.
        _reader.Begin(ResponseShape.None, Capabilities);
        _counted = false;
        var now = Database.Time.GetTimestamp();
        Volatile.Write(ref _idleSince, now);
        _shard.Counters.StatementEnded(_started, now, counts: true);
        _state.OnStatementEnded(_info, new StatementOutcome { Succeeded = !list.Failed, ErrorCode = list.ErrorCode, ServerStatus = list.ServerStatus, ResultSet = true, Warnings = list.Warnings });
        UpdateStanding();
        if (list.Failed) AnswerError(list.ToError());
        else if (list.Columns.Count < LeastColumns) AnswerError(new ErrPacket(ErrorCode.MalformedPacket, $"A list of processes of {LeastColumns} columns expected, {list.Columns.Count} found: the server gave something else"));
        else AnswerProcessList(list, seesAll: !results[0].Failed);
        await _client.FlushAsync();
        return true;
    }

    private void AnswerProcessList(BackendResult list, bool seesAll)
    {
        UseUp();
        var columns = new ColumnDefinition41[list.Columns.Count];
        for (var i = 0; i < columns.Length; i++)
        {
            var column = list.Columns[i];
            columns[i] = new ColumnDefinition41("", "", "", column.Name, "", column.Collation, column.Length, (ColumnType)column.Type, (ColumnFlags)column.Flags, column.Decimals);
        }
        var writer = ResultSetWriter.Begin(_client, Capabilities, LocalStatus, columns);
        var attached = new Dictionary<uint, ProcessListEntry>();
        var detached = new List<ProcessListEntry>();
        foreach (var session in Database.AllSessions)
        {
            var entry = session.ListEntry;
            if (entry.BackendId > 0) attached[entry.BackendId] = entry;
            else if (seesAll || entry.AccountUser == _identity.Account.User) detached.Add(entry);
        }
        foreach (var row in list.Rows)
        {
            if (IsOfTheGateway(row)) continue;
            if (BackendRow.TryNumber(row[0], out var id) && id <= uint.MaxValue)
            {
                if (attached.TryGetValue((uint)id, out var entry))
                {
                    row[0] = Text(entry.Id);
                    row[2] = Encoding.UTF8.GetBytes(entry.Host);
                }
                // Nobody's: the client that had it is among the others.
                else if (Database.Backends.ContainsKey((uint)id)) continue;
            }
            AppendRow(row);
        }
        foreach (var entry in detached) AppendRow(RowOf(entry, columns.Length));
        writer.End((ServerStatus)list.ServerStatus, list.Warnings);
    }

    private bool IsOfTheGateway(byte[]?[] row) => Database.Gate.Backend?.ServiceUser is { } user && row[1] is { } of && of.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(user));

    /// <summary>Columns in the servers' order: Id, User, Host, db, Command, Time, State, Info, and MariaDB's Progress.</summary>
    private static byte[]?[] RowOf(ProcessListEntry entry, int columns)
    {
        var row = new byte[]?[columns];
        row[0] = Text(entry.Id);
        row[1] = Encoding.UTF8.GetBytes(entry.User);
        row[2] = Encoding.UTF8.GetBytes(entry.Host);
        row[3] = entry.Schema is { } schema ? Encoding.UTF8.GetBytes(schema) : null;
        row[4] = [.. entry.Waits ? "Query"u8 : "Sleep"u8];
        row[5] = Text(entry.Seconds);
        row[6] = [.. entry.Waits ? "Waiting for a compute"u8 : ""u8];
        if (columns > 8) row[8] = [.. "0.000"u8];
        return row;
    }

    private void AppendRow(byte[]?[] row)
    {
        _client.Output.Begin();
        foreach (var value in row)
        {
            if (value is null) _client.Output.UInt8(0xfb);
            else _client.Output.LengthEncodedBytes(value);
        }
        _client.Sequence = _client.Output.End(_client.Sequence);
    }

    private static byte[] Text(long number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));
}
