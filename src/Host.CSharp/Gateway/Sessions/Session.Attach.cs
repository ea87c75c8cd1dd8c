using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>Getting a backend connection.</summary>
internal sealed partial class Session
{
    /// <summary>Counts the backend connections that this session has had.</summary>
    private int _attachment;

    /// <summary>How long a client that connects waits for its schema to be looked at; then it is let in without.</summary>
    private static readonly TimeSpan LongestFirstAttach = TimeSpan.FromSeconds(5);

    /// <summary>A login that takes longer is given up and tried again: the compute may be another by then.</summary>
    private static readonly TimeSpan LongestAttach = TimeSpan.FromSeconds(10);

    private uint _backendId;
    private bool _multiStatements;

    /// <summary>Ends the attach that is under way; null when there is none.</summary>
    private CancellationTokenSource? _attaching;

    /// <summary>The gate's opening when the attach that is under way began; -1: none is.</summary>
    private long _attachingTo = -1;

    /// <summary>The id of its backend connection, 0 for none; from any thread.</summary>
    public uint BackendConnectionId => Volatile.Read(ref _backendId);

    /// <summary>
    /// The first thing a client hears, of a change of user too. With a schema, and a compute that serves, the session attaches at once, since only the engine
    /// knows whether the schema is there for this account. False: the client was refused.
    /// </summary>
    private async ValueTask<bool> BeginAsync()
    {
        _multiStatements = (Capabilities & Capabilities.MultiStatements) != 0;
        var sequence = _client.Sequence;
        if (_identity.Schema is not null && Database.Gate.IsOpen && !_shard.TryTakeAsItIs(this) && _shard.TryBeginAttach(this))
        {
            var attached = await AttachInSlotAsync(LongestFirstAttach);
            if (attached.EndsSession)
            {
                await SendErrorAsync(attached.Error!, sequence);
                return false;
            }
        }
        if ((_signals & SessionSignals.ClientGone) != 0) return false;
        Volatile.Write(ref _idleSince, Database.Time.GetTimestamp());
        _client.Sequence = sequence;
        _client.Append(new OkPacket { Status = LocalStatus });
        await _client.FlushAsync();
        return true;
    }

    /// <summary>From here on the client's packets are inside of others.</summary>
    private void Compress()
    {
        _client.Upgrade(new CompressedTransport(_client.Transport, _client.TakeBuffered()));
        _client.Transport.HangupObserver = this;
        if (_client.Transport.IsPeerClosed) Signal(SessionSignals.ClientGone);
    }

    /// <summary>Gets the connection that the session has reserved, or has room for.</summary>
    /// <param name="limit">How long it may take.</param>
    private async ValueTask<AttachOutcome> AttachInSlotAsync(TimeSpan limit)
    {
        var reserved = _reserved;
        var hasRoom = _hasRoom;
        (_reserved, _hasRoom) = (null, false);
        if (reserved is null && !hasRoom)
        {
            _shard.ParkOldest();
            _shard.ReturnAttachSlot();
            return AttachOutcome.Retry("the gateway has no file descriptor left for another connection; raise its limit of open files (ulimit -n, LimitNOFILE=)");
        }
        using var attach = new CancellationTokenSource(limit < LongestAttach ? limit : LongestAttach);
        _attaching = attach;
        try
        {
            if (reserved is not null) return await ReuseAsync(reserved, attach.Token);
            try
            {
                return await LoginAsync(PasswordChange, attach.Token);
            }
            finally
            {
                if (_backend is null) Database.Room.Return(_shard);
            }
        }
        finally
        {
            (_attaching, _attachingTo) = (null, -1);
            if (_backend is null) _shard.Counters.AddAttached(-1);
            _shard.ReturnAttachSlot();
            if (_backend is null) _shard.OnSessionEased();
        }
    }

    /// <param name="change">The command under way, if a login with an expired password would have to run it; null: it is none.</param>
    private async ValueTask<AttachOutcome> LoginAsync(PasswordChange? change, CancellationToken cancellation)
    {
        var outcome = await TryLoginAsync(change, cancellation);
        if (change is not { IsSent: true }) return outcome;
        // Before the client hears of it, so that its next login finds the change; and it may have taken effect though no answer came.
        Database.OnAccountsChanged();
        if (!change.HasRun) return AttachOutcome.Refused(LoginRefusal.ChangeUnknown(outcome.Trouble ?? outcome.Error?.Message ?? "it did not answer"));
        // Without a connection the session is as it was, but for its password, which it learns at its next statement.
        return outcome.Error is { } error ? outcome with { Error = error with { Message = $"The password was changed, and then: {error.Message}" } } : new AttachOutcome { Ran = true };
    }

    private async ValueTask<AttachOutcome> TryLoginAsync(PasswordChange? change, CancellationToken cancellation)
    {
        if (Database.Gate is not { IsOpen: true, Backend: { } address, Opening: var opening }) return AttachOutcome.Retry("the gate closed");
        _attachingTo = opening;
        var started = Database.Time.GetTimestamp();
        var era = Database.Era;
        PacketChannel? channel = null;
        try
        {
            // The schema is restored with the rest: the one of the login may have been left long ago.
            var connection = await BackendLogin.ConnectAsync(address, _identity, schema: null, _state.Collation, BackendCapabilities, cancellation, change);
            channel = connection.Channel;
            using var end = cancellation.UnsafeRegister(static transport => ((Net.ITransport)transport!).Abort(), channel.Transport);
            if ((connection.Capabilities & Framing) != (BackendCapabilities & Framing))
            {
                channel.Dispose();
                return AttachOutcome.Refused(new ErrPacket(ErrorCode.ServerShutdown, "The engine is another than when you connected, and speaks differently: connect again"));
            }
            var restored = await SessionRestore.RestoreAsync(_state, Catalogue, new BackendQuery(channel, BackendCapabilities, connection.ConnectionId), cancellation);
            if (restored.Failed is not null)
            {
                channel.Dispose();
                return NotRestored(restored);
            }
            if (!Database.Gate.LeadsTo(opening))
            {
                channel.Dispose();
                return AttachOutcome.Retry("the gate closed");
            }
            if (_multiStatements != ((Capabilities & Capabilities.MultiStatements) != 0)) await SendSetOptionAsync(channel);
            cancellation.ThrowIfCancellationRequested();
            var lent = new LentBackend(connection, address, _shares ? Idle.Key : null, opening, era, Database.NextSerial());
            Database.Backends[lent.ConnectionId] = lent;
            Adopt(lent);
            Database.CountAttach(Database.Time.GetElapsedTime(started));
            return default;
        }
        catch (BackendLoginException refused) when (refused.MustChangePassword || refused.ChangeRefused)
        {
            return AttachOutcome.StatementRefused(refused.Error);
        }
        catch (BackendLoginException refused)
        {
            var error = refused.Error;
            // Room may come: by a session of ours that can do without, or by whoever else leaves.
            if (error.Code == ErrorCode.TooManyConnections) _shard.MakeRoom();
            if (error.Code is ErrorCode.TooManyConnections or ErrorCode.ServerShutdown) return AttachOutcome.Retry(error.Message);
            Log.CannotAttach(Database.Logger, ConnectionId, AccountName, error.Message);
            return AttachOutcome.Refused(error);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            channel?.Dispose();
            return Unanswered(failure, started, cancellation);
        }
    }

    private static AttachOutcome NotRestored(RestoreResult restored) =>
        restored.ErrorCode == ErrorCode.MustChangePassword ? AttachOutcome.StatementRefused(LoginRefusal.MustChange())
        : AttachOutcome.Refused(new ErrPacket(restored.ErrorCode == 0 ? ErrorCode.ServerShutdown : restored.ErrorCode, restored.Failed!));

    private AttachOutcome Unanswered(Exception failure, long started, CancellationToken cancellation) => AttachOutcome.Retry(
        cancellation.IsCancellationRequested ? $"the compute did not answer within {Database.Time.GetElapsedTime(started).TotalSeconds:0.0} s" : failure.Message);

    private PasswordChange? PasswordChange =>
        _waits && _frame is { Code: Command.Query, Whole: true } && _info.Has(StatementTraits.ChangesAccounts) && !_info.Has(StatementTraits.MultiStatement)
            ? new PasswordChange(Payload[1..].ToArray()) : null;

    /// <summary>What must be the same on both sides, since packets are passed on as they are.</summary>
    private const Capabilities Framing =
        Capabilities.DeprecateEof | Capabilities.OptionalResultSetMetadata | Capabilities.QueryAttributes | Capabilities.SessionTrack
        | Capabilities.MariaDbCacheMetadata | Capabilities.MariaDbExtendedMetadata | Capabilities.MariaDbBulkUnitResults;

    private Capabilities BackendCapabilities => Capabilities | Capabilities.SessionTrack;

    private BackendQuery Query(PacketChannel backend) => new(backend, BackendCapabilities, _backendId);

    private void Adopt(LentBackend lent)
    {
        _lent = lent;
        _backend = lent.Channel;
        _backend.AnySequence = true;
        _backend.Transport.HangupObserver = this;
        Volatile.Write(ref _backendId, lent.ConnectionId);
        _shownId = lent.ShownId;
        _attachment++;
        _lostBecause = null;
        _worn = false;
        _shard.AddAttached(this);
    }

    /// <summary>Tells the server what COM_SET_OPTION last said; also the one command that gives the status flags and changes nothing.</summary>
    private async ValueTask<ServerStatus> SendSetOptionAsync(PacketChannel backend)
    {
        backend.Sequence = 0;
        backend.Append([(byte)Command.SetOption, _multiStatements ? (byte)0 : (byte)1, 0]);
        await backend.FlushAsync();
        var payload = await backend.ReadPacketAsync();
        return payload.Length switch
        {
            >= 5 when EofPacket.IsOne(payload.Span) && payload.Length == 5 => EofPacket.Read(payload.Span).Status,
            > 0 when payload.Span[0] is OkPacket.Header or OkPacket.EndHeader => OkPacket.Read(payload.Span, BackendCapabilities).Status,
            _ => (ServerStatus)_state.ServerStatus,
        };
    }
}
