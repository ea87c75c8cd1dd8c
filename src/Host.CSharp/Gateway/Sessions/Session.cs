using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>
/// One client's session: it owns the state, and has a backend connection while it needs one. There is one flow of control, on one loop;
/// whoever wants something of it (a drain, a kill, the end of a peer) leaves a signal and ends its wait.
/// The parts beside this file: serving (the hot path), deciding, waiting for a backend, attaching and detaching, prepared statements, standing.
/// </summary>
internal sealed partial class Session : IHangupObserver
{
    private readonly DatabaseShard _shard;
    private readonly AuthenticatedClient _identity;
    private readonly PacketChannel _client;
    private readonly SessionState _state;
    private PacketChannel? _backend;
    private PreparedStatements? _prepared;
    private HeldStatement? _held;

    /// <summary>For all its waits in the line; null: it never had one.</summary>
    private HeldStatement? _place;

    private string? _pendingError;
    private ResponseReader _reader;
    private CommandFrame _frame;
    private StatementInfo _info;
    private SessionPhase _phase = SessionPhase.Busy;
    private SessionSignals _signals;

    public Session(DatabaseShard shard, AuthenticatedClient identity, ServerCatalogue catalogue)
    {
        _shard = shard;
        _identity = identity;
        _client = identity.Channel;
        Capabilities = (Capabilities)identity.Capabilities;
        Catalogue = catalogue;
        _state = new SessionState(catalogue.Dialect, identity.CollationId, identity.Schema);
        _shares = MayShare;
    }

    public uint ConnectionId => _identity.ConnectionId;

    public string AccountName => $"{_identity.User}@{_identity.EndPoint?.Address.ToString() ?? "localhost"}";

    private ServerCatalogue Catalogue { get; }

    /// <summary>What the client agreed on; the backend login agrees on the same, and session tracking.</summary>
    private Capabilities Capabilities { get; }

    private GatewayDatabase Database => _shard.Database;

    private bool TracksForClient => (Capabilities & Capabilities.SessionTrack) != 0;

    public async Task RunAsync(CancellationToken cancellation)
    {
        Database.Add(this);
        _shard.Add(this);
        _client.Transport.HangupObserver = this;
        if (_client.Transport.IsPeerClosed) Signal(SessionSignals.ClientGone);
        using var stop = cancellation.UnsafeRegister(static session => ((Session)session!).PostSignal(SessionSignals.Stop), this);
        try
        {
            if (!await BeginAsync()) return;
            if ((Capabilities & Capabilities.Compress) != 0) Compress();
            await ServeAsync();
        }
        catch (ConnectionLostException)
        {
            // The client went away.
        }
        catch (MalformedPacketException malformed)
        {
            await RefuseMalformedAsync(malformed);
        }
        finally
        {
            _client.Transport.HangupObserver = null;
            End();
        }
    }

    /// <summary>Closes its client's connection at once, from any thread.</summary>
    public void CutOff() => _client.Transport.Abort();

    /// <summary>Leaves a signal, from any thread.</summary>
    public void PostSignal(SessionSignals signal) => _shard.Loop.Post(() => Signal(signal));

    /// <summary>A KILL QUERY that met the session in this wait, and must not hit what it waits for next.</summary>
    private void PostQueryKilled(int wait) => _shard.Loop.Post(() =>
    {
        if (CurrentWait == wait) Signal(SessionSignals.QueryKilled);
    });

    public void OnPeerClosed(ITransport transport)
    {
        if (transport == _client.Transport)
        {
            Signal(SessionSignals.ClientGone);
            // Nobody is left to read the answer. The server finds its client gone, as it would without us.
            if (_phase == SessionPhase.Busy) _backend?.Transport.Abort();
        }
        else if (transport == _backend?.Transport)
        {
            if (_phase != SessionPhase.Busy) Signal(SessionSignals.BackendGone);
            else _shard.Loop.StartTimer(Database.Options.ClientReadsWithin, _ => CutOffUnlessRead(transport));
        }
    }

    /// <summary>
    /// A server gives up a client that does not read its answer (net_write_timeout). Behind the gateway it gives up the gateway, whose session would wait for
    /// its client, and count as running, for ever.
    /// </summary>
    private void CutOffUnlessRead(ITransport left)
    {
        if (_phase == SessionPhase.Busy && left == _backend?.Transport) _client.Transport.Abort();
    }

    /// <summary>Of the connection that it has, or is getting; -1: there is none.</summary>
    public long Opening => _lent?.Opening ?? _attachingTo;

    /// <summary>There is no compute behind the backend connection any more, or another than the one that serves.</summary>
    public void OnComputeGone(string reason)
    {
        _attaching?.Cancel();
        if (_backend is null) return;
        _lostBecause = reason;
        if (_phase == SessionPhase.Busy) _backend.Transport.Abort();
        else Signal(SessionSignals.BackendGone);
    }

    private void Signal(SessionSignals signal)
    {
        if (signal == SessionSignals.QueryKilled && !_waits) return;
        _signals |= signal;
        switch (_phase)
        {
            case SessionPhase.Busy when _streams && (signal & (SessionSignals.Killed | SessionSignals.Stop)) != 0:
                _backend?.Transport.Abort();
                break;
            case SessionPhase.Busy when (signal & EndAnAttach) != 0:
                _attaching?.Cancel();
                break;
            case SessionPhase.Idle:
                _client.InterruptRead();
                break;
            case SessionPhase.Held when _held is { } held:
                _shard.Leave(held);
                held.Resolve((signal & SessionSignals.ClientGone) != 0 ? HoldOutcome.ClientGone : HoldOutcome.Interrupted, reason: null);
                break;
        }
    }

    private const SessionSignals EndAnAttach = SessionSignals.ClientGone | SessionSignals.Killed | SessionSignals.QueryKilled | SessionSignals.Stop;

    /// <summary>Does what the signals ask for. False: the session ends.</summary>
    /// <param name="sequence">Number of the packet that tells a client why: 0, or 1 when it is the answer to a command.</param>
    private async ValueTask<bool> ObeyAsync(byte sequence)
    {
        var signals = _signals;
        _signals = SessionSignals.None;
        if ((signals & SessionSignals.ClientGone) != 0) return false;
        if ((signals & (SessionSignals.Killed | SessionSignals.Stop)) != 0)
        {
            await SendErrorAsync(
                (signals & SessionSignals.Killed) != 0
                    ? new ErrPacket(ErrorCode.ConnectionKilled, "Connection was killed")
                    : new ErrPacket(ErrorCode.ServerShutdown, "Server shutdown in progress: the gateway stops"), sequence);
            return false;
        }
        if ((signals & SessionSignals.BackendGone) != 0) LoseBackend();
        if ((signals & SessionSignals.Detach) != 0) await DetachForDrainAsync();
        else if ((signals & SessionSignals.Probe) != 0) await ProbeAsync();
        return true;
    }

    private async Task RefuseMalformedAsync(MalformedPacketException malformed)
    {
        Log.Malformed(Database.Logger, ConnectionId, AccountName, malformed.Message);
        try
        {
            await SendErrorAsync(new ErrPacket(ErrorCode.MalformedPacket, malformed.Message), sequence: 1);
        }
        catch (ConnectionLostException)
        {
            // Nobody is there to be told.
        }
    }

    private async ValueTask SendErrorAsync(ErrPacket error, byte sequence)
    {
        _client.Sequence = sequence;
        _client.Append(error);
        await _client.FlushAsync();
    }

    private void End()
    {
        if (_held is { } held) _shard.Leave(held);
        if (!TryLeaveBackend()) SayGoodbye();
        if (_counted) CountRunning(-1);
        if (_long > 0) ReturnLong();
        DropBackend();
        EndDetaching();
        if (_asked) _shard.OnAskedAnswered();
        _probe?.Cancel();
        ForgetStanding();
        Database.Remove(this);
        _shard.Remove(this);
    }

    /// <summary>Between two commands the server is told, so that it does not count a connection that was broken off.</summary>
    private void SayGoodbye()
    {
        if (_backend is not { } backend || _counted || !_reader.HasEnded || _midCommand || !backend.Output.IsEmpty) return;
        Farewell.Say(backend);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Connection {Connection} ({Account}): {Problem}")]
        public static partial void Malformed(ILogger logger, uint connection, string account, string problem);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Connection {Connection} ({Account}): the backend connection was lost: {Reason}")]
        public static partial void Lost(ILogger logger, uint connection, string account, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "Connection {Connection} ({Account}): the server was not told that its log is not read any more: {Reason}")]
        public static partial void StreamNotEnded(ILogger logger, uint connection, string account, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Connection {Connection} ({Account}): cannot attach: {Reason}")]
        public static partial void CannotAttach(ILogger logger, uint connection, string account, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Connection {Connection} ({Account}): given up on, idle for {Idle}: {Standing}")]
        public static partial void GivenUp(ILogger logger, uint connection, string account, TimeSpan idle, string standing);
    }
}
