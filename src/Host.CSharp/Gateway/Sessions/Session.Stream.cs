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
        return false;
    }

    /// <summary>Passes on what comes until its source closes or the stream ends. Never throws a <see cref="ConnectionLostException"/> of the source's own.</summary>
    private async Task PumpAsync(PacketChannel from, PacketChannel to)
    {
        try
        {
            while (_streams)
            {
                if (from.Buffered.Length > 0)
                {
                    await to.RelayAsync(from, from.Buffered.Length);
                    continue;
                }
                var filled = from.TryFill();
                if (filled == FillResult.Closed) return;
                if (filled == FillResult.WouldBlock) await from.WaitReadableAsync();
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
