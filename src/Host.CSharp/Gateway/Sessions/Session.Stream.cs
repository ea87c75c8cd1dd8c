using System.Globalization;
using System.Text;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>
/// A replica or a backup that reads the binary log. From its COM_BINLOG_DUMP on the connection is no dialogue any more: events come without end, and a replica
/// that is semi-synchronous acknowledges them in between. So bytes are passed on both ways as they come, until one side closes. It counts as a running
/// statement, which keeps the compute awake.
/// Source: MySQL Source Code Documentation, "COM_BINLOG_DUMP"; MySQL Reference Manual, "Semisynchronous Replication".
/// </summary>
internal sealed partial class Session
{
    private bool _streams;

    /// <summary>Always false: the session ends with it, save when the stream could not be begun.</summary>
    private async ValueTask<bool> StreamAsync()
    {
        if ((!IsReady || _pendingError is not null) && !await GetReadyAsync()) return !_ending;
        var backend = _backend!;
        Begin();
        _streams = true;
        // What came while it attached would be obeyed when the stream has ended by itself, which it does not.
        if ((_signals & (SessionSignals.Killed | SessionSignals.Stop)) != 0) backend.Transport.Abort();
        var acknowledging = Task.CompletedTask;
        try
        {
            if (_frame.Whole) await backend.RelayAsync(_client, _toRelay);
            else await SendLongAsync(backend);
            acknowledging = PumpAsync(_client, backend);
            await PumpAsync(backend, _client);
        }
        catch (ConnectionLostException)
        {
            // One of the two has gone, which is how a stream ends.
        }
        _streams = false;
        _client.InterruptRead();
        backend.Transport.Abort();
        await acknowledging;
        if (_client.Transport.IsPeerClosed && _lent is { } lent) await EndOnServerAsync(lent);
        return false;
    }

    /// <summary>
    /// A server finds out that nobody reads its log any more when it has the next event, or heartbeat, to send; until then it would look replicated, and the
    /// database could not sleep. So it is told, by the account whose connection it was.
    /// </summary>
    private async Task EndOnServerAsync(LentBackend lent)
    {
        if (Database.Gate is not { IsOpen: true } gate || !gate.LeadsTo(lent.Opening)) return;
        using var limit = new CancellationTokenSource(LongestFirstAttach);
        PacketChannel? channel = null;
        try
        {
            var connection = await BackendLogin.ConnectAsync(lent.Address, _identity, schema: null, _state.Collation, BackendCapabilities, limit.Token);
            channel = connection.Channel;
            using var end = limit.Token.UnsafeRegister(static transport => ((ITransport)transport!).Abort(), channel.Transport);
            // On another compute the number is somebody else's.
            if (!Database.Gate.LeadsTo(lent.Opening)) return;
            var kill = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"KILL {lent.ConnectionId}"));
            await new BackendQuery(channel, BackendCapabilities, connection.ConnectionId).QueryAsync([kill], SessionCapture.AnswerLimit, limit.Token);
        }
        catch (Exception failure) when (failure is BackendLoginException or IOException or OperationCanceledException or MalformedPacketException)
        {
            // The server notices by itself, later.
            Log.StreamNotEnded(Database.Logger, ConnectionId, AccountName, failure.Message);
        }
        finally
        {
            channel?.Dispose();
        }
    }

    /// <summary>Passes on what comes until its source closes or the stream ends. Never throws a <see cref="ConnectionLostException"/> of the source's own.</summary>
    private async Task PumpAsync(PacketChannel from, PacketChannel to)
    {
        try
        {
            var sinceWait = 0;
            while (_streams)
            {
                if (from.Buffered.Length > 0)
                {
                    await to.RelayAsync(from, from.Buffered.Length);
                    continue;
                }
                var filled = from.TryFill();
                if (filled == FillResult.Closed) return;
                if (filled == FillResult.WouldBlock)
                {
                    sinceWait = 0;
                    await from.WaitReadableAsync();
                }
                else if (++sinceWait == MostWithoutWaiting)
                {
                    // A replica that catches up may never let it wait; the loop's other sessions want their turn too.
                    sinceWait = 0;
                    await Task.Yield();
                }
            }
        }
        catch (ConnectionLostException)
        {
            // The other direction finds out as well.
        }
    }

    /// <summary>A replica that has told the server of itself is known by this connection.</summary>
    private void NoteReplica()
    {
        if (_frame.Code == Command.RegisterSlave && _reader.Succeeded) _state.PinFor(PinCauses.NotUnderstood, "a replica has registered itself (COM_REGISTER_SLAVE)");
    }
}
