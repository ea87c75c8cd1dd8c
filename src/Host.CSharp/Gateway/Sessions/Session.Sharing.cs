using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>Backend connections that go from session to session: giving one to the pool, and taking one out of it.</summary>
internal sealed partial class Session
{
    private const StatementTraits AskForWhatWasLeft = StatementTraits.ReadsFoundRows | StatementTraits.ReadsRowCount | StatementTraits.ReadsDiagnostics;

    private LentBackend? _lent;

    /// <summary>The idle connections that it could take; null: not asked for yet.</summary>
    private IdleBackends? _idleBackends;

    /// <summary>It gives its connection to others, and takes theirs.</summary>
    private bool _shares;

    /// <summary>Something was on its connection that may have left what no signature tells.</summary>
    private bool _worn;

    private bool IsWorn => _worn || _state.Has(StateFlags.SchemaIsGone);

    /// <summary>It was asked to leave its connection, and has not answered yet.</summary>
    private bool _asked;

    /// <summary>The idle time at whose beginning it turned out that it cannot leave its connection.</summary>
    private long _keptSince = -1;

    /// <summary>A connection of the pool that is this session's, but has to be made ready for it.</summary>
    private LentBackend? _reserved;

    private BackendFit _reservedFit;

    /// <summary>How long the pool may keep a connection with these settings of the session; null: not read yet.</summary>
    private SettingsSignature? _keepForOf;

    private TimeSpan _keepFor;

    /// <summary>There is room for a connection of its own.</summary>
    private bool _hasRoom;

    /// <summary>Its place among the shard's sessions that have a connection; -1: not among them.</summary>
    public int AttachedIndex { get; set; } = -1;

    public bool Shares => _shares;

    /// <summary>init_connect is run by a login and not by a reset, so there a connection is for one session only.</summary>
    private bool MayShare => Database.Options.Sharing.IsOnFor(_identity.User) && !(Catalogue.Profile.Variables.TryGetValue("init_connect", out var first) && first.Length > 0);

    private IdleBackends Idle => _idleBackends ??= _shard.Pool.Of(new BackendKey(
        _identity.User, _identity.Account, Database.Gate.Backend is { ReadsProxyHeader: true } ? _identity.EndPoint?.Address : null,
        BackendKey.Lasting(BackendCapabilities), _state.Collation));

    private BackendWish Wish => new(
        ConnectionId, Database.Gate.Backend!, Database.Era, _state.Signature(Catalogue), _state.LastInsertId, _state.Schema is not null, _multiStatements,
        _info.Has(AskForWhatWasLeft));

    /// <summary>Takes a connection that needs nothing done to it. False: there is none.</summary>
    public bool TryTakeAsItIs()
    {
        if (!_shares || _state.HasRole || _shard.Pool.Count == 0 || Database.Gate is not { IsOpen: true }) return false;
        if (_shard.Pool.Take(Idle, Wish, BackendFit.AsItIs, out _) is not { } lent) return false;
        TakeAsItIs(lent);
        return true;
    }

    /// <summary>Takes that connection, which another session has just left, if nothing need be done to it.</summary>
    public bool TryTakeAsItIs(LentBackend lent, IdleBackends idle)
    {
        if (!_shares || _state.HasRole || Idle != idle || Wish.FitOf(lent) < BackendFit.AsItIs || !BackendPool.IsAlive(lent)) return false;
        TakeAsItIs(lent);
        return true;
    }

    private void TakeAsItIs(LentBackend lent)
    {
        _shard.Counters.AddAttached(1);
        _shard.Sharing.CountTakenAsItIs();
        AdoptShared(lent);
    }

    /// <summary>Reserves a connection of the pool, or room for a new one.</summary>
    public RoomOutcome TryReserve()
    {
        if (_shares && !_state.HasRole && _shard.Pool.Count > 0 && Database.Gate is { IsOpen: true })
            _reserved = _shard.Pool.Take(Idle, Wish, BackendFit.AfterReset, out _reservedFit);
        var outcome = _reserved is not null ? RoomOutcome.Taken : _shard.TryTakeRoom();
        _hasRoom = _reserved is null && outcome == RoomOutcome.Taken;
        if (outcome == RoomOutcome.Taken) _shard.Counters.AddAttached(1);
        return outcome;
    }

    /// <summary>Makes a connection that another session had this session's: one round trip, and more when SQL prepared statements.</summary>
    private async ValueTask<AttachOutcome> ReuseAsync(LentBackend lent, CancellationToken cancellation)
    {
        var started = Database.Time.GetTimestamp();
        var adopted = false;
        try
        {
            using var end = cancellation.UnsafeRegister(static transport => ((Net.ITransport)transport!).Abort(), lent.Channel.Transport);
            _attachingTo = lent.Opening;
            if (Database.Gate is not { IsOpen: true } gate || !gate.LeadsTo(lent.Opening)) return AttachOutcome.Retry("the gate closed");
            if (await MakeReadyAsync(lent, cancellation) is { } wrong) return wrong;
            if (!Database.Gate.LeadsTo(lent.Opening)) return AttachOutcome.Retry("the gate closed");
            if (_multiStatements != lent.MultiStatements) await SendSetOptionAsync(lent.Channel);
            cancellation.ThrowIfCancellationRequested();
            AdoptShared(lent);
            adopted = true;
            _shard.Sharing.CountTakenAfterReset();
            Database.CountAttach(Database.Time.GetElapsedTime(started));
            return default;
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            return Unanswered(failure, started, cancellation);
        }
        finally
        {
            if (!adopted) _shard.CloseBackend(lent, politely: false);
        }
    }

    /// <summary>Null: it is ready.</summary>
    private async ValueTask<AttachOutcome?> MakeReadyAsync(LentBackend lent, CancellationToken cancellation)
    {
        // A farewell that came since it was taken out of the pool would be taken for an answer.
        lent.Channel.AnySequence = false;
        var query = new BackendQuery(lent.Channel, BackendCapabilities, lent.ConnectionId);
        RestoreResult restored;
        if (_reservedFit == BackendFit.WithLastInsertId)
        {
            restored = _state.LastInsertId == lent.LastInsertId ? default : await SessionRestore.RestoreLastInsertIdAsync(_state, query, cancellation);
        }
        else
        {
            if (!SessionRestore.CanRestoreAfterReset(_state, Catalogue)) return AttachOutcome.Retry("its character set can only be had by a login");
            query.ResetsFirst = true;
            lent.OnReset(Database.NextSerial());
            restored = await SessionRestore.RestoreAfterResetAsync(_state, Catalogue, query, cancellation);
        }
        // A session that was in it before goes on without it; only a login can give it a connection in no schema.
        if (restored.SchemaIsGone && _state.Has(StateFlags.SchemaWasUsed)) return AttachOutcome.Retry(restored.Failed!);
        return restored.Failed is null ? null : NotRestored(restored);
    }

    private void AdoptShared(LentBackend lent)
    {
        // What the server would say was left is another session's.
        _state.OnOthersConnection();
        _state.Note(StateFlags.SchemaIsGone, on: false);
        _state.Note(StateFlags.SchemaWasUsed, on: _state.Schema is not null);
        Adopt(lent);
    }

    /// <summary>Gives the connection, which is as the session's state says, to whoever needs one next. False: it must be closed.</summary>
    /// <param name="atOnce">Who waits for it goes on within this call.</param>
    private bool TryGive(bool atOnce = false)
    {
        if (!MayBeGiven || _state.Doubts != StateDoubts.None) return false;
        var lent = _lent!;
        lent.Settings = _shard.Share(_state);
        lent.LastInsertId = _state.LastInsertId;
        lent.NeedsReset = IsWorn || lent.HasTooManyStatements || _state.SqlPrepared is not null;
        lent.NeedsResetForOthers = Database.MayRunStoredCode || _state.LastStatement is not { Warnings.Count: 0 } || (_shownId != 0 && _shownId != lent.ConnectionId);
        if (!lent.Settings.Equals(_keepForOf)) (_keepForOf, _keepFor) = (lent.Settings, ReadKeepFor());
        return Give(lent, _keepFor, atOnce);
    }

    /// <summary>
    /// The session ends between two commands: its connection, rather than being closed, is given to the next one. What stored code may have left unseen (a lock)
    /// would outlive the session, so where there is any the connection ends too.
    /// </summary>
    private bool TryLeaveBackend()
    {
        if (_lent is not { } lent || _counted || !_reader.HasEnded || _midCommand || !lent.Channel.Output.IsEmpty || !MayBeGiven || Database.MayRunStoredCode) return false;
        if (_state.Pin is not null || _breaks) return false;
        // Whether an error left a transaction open has not been asked yet: in the pool its locks would outlive the client.
        if (_afterwards != Afterwards.None) return false;
        var known = _state.Doubts == StateDoubts.None;
        lent.Settings = known ? _shard.Share(_state) : SettingsSignature.Empty;
        lent.LastInsertId = _state.LastInsertId;
        lent.NeedsReset = !known || IsWorn || _prepared is not null;
        lent.NeedsResetForOthers = _shownId != 0 && _shownId != lent.ConnectionId;
        return Give(lent, ReadKeepFor(), atOnce: false);
    }

    private bool MayBeGiven =>
        _shares && _lent is { Key: not null } lent && lent.Era == Database.Era && Database.Gate.IsOpen && !Database.Options.DetachAfterEachStatement && !_state.HasRole
        && !_trackersLent && !lent.Channel.Transport.IsPeerClosed && lent.Channel.Buffered.IsEmpty && !_shard.OwesRoom;

    private bool Give(LentBackend lent, TimeSpan keepFor, bool atOnce)
    {
        lent.Owner = ConnectionId;
        lent.HasSchema = _state.Schema is not null || _state.Has(StateDoubts.Settings);
        lent.MultiStatements = _multiStatements;
        lent.ShownId = _shownId;
        var idle = Idle;
        ReleaseBackend();
        _shard.Counters.AddAttached(-1);
        Interlocked.MemoryBarrier();
        // See Aim: a KILL that was meant for this session must not find another.
        if (lent.KillAim != KillAim.None) _shard.CloseBackend(lent, politely: true);
        else if (_shard.TryPassOn(lent, idle, atOnce)) return true;
        else _shard.Pool.Put(lent, idle, keepFor);
        _shard.OnSessionEased();
        _shard.OnGiven();
        return true;
    }

    /// <summary>Well before the server would close an idle connection, so that none is handed out at that moment.</summary>
    private TimeSpan ReadKeepFor()
    {
        var keepFor = Database.Options.Sharing.KeepFor;
        var name = (Capabilities & Capabilities.Interactive) != 0 ? "interactive_timeout" : "wait_timeout";
        string? text = null;
        if (_state.Variables?.TryGet("wait_timeout", out var own) == true && own.Text is { } bytes) text = System.Text.Encoding.ASCII.GetString(bytes);
        else if (Catalogue.Profile.Variables.TryGetValue(name, out var global)) text = global;
        if (!long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var seconds)) return keepFor;
        var half = TimeSpan.FromSeconds(Math.Min(seconds, 1_000_000_000) / 2.0);
        return half < keepFor ? half : keepFor;
    }

    /// <summary>Others wait for a connection: leaves this one after each statement that nothing pins. False: it has it still.</summary>
    private async ValueTask<bool> HandOverAsync()
    {
        if (_state.PinCauses != PinCauses.None || _keptSince == _idleSince) return false;
        await DetachForDrainAsync();
        return _backend is null;
    }

    /// <summary>The same at once, where the server need not be asked for anything. False: it has it still.</summary>
    private bool TryHandOver() =>
        _state.PinCauses == PinCauses.None && _keptSince != _idleSince && !_asked && !_detaching && _backend!.Output.IsEmpty
        && SessionCapture.TryWithoutAsking(_state, Database.MayRunStoredCode) && TryGive(atOnce: true);

    /// <summary>The backend connection, which the session has had before or whose sessions have prepared the same text, has the statement: under which number.</summary>
    private bool TryRecognise(PreparedStatement statement)
    {
        var lent = _lent!;
        if (statement.Serial != lent.Serial || !lent.HasPrepared(statement.BackendId))
        {
            if (lent.Key is null || _state.Has(StateDoubts.Settings) || statement.Text.Length == 0 || statement.Schema != _state.Schema) return false;
            if (lent.FindPrepared(statement.Text, _state.Signature(Catalogue)) is not { } found || IsUsedByAnother(statement, found)) return false;
            statement.BackendId = found;
            statement.Serial = lent.Serial;
        }
        statement.Attachment = _attachment;
        // Another session may have executed it with types of its own.
        statement.TypesSent = false;
        return true;
    }

    /// <summary>Two statements of one session must not be one: a cursor of one would end with an execute of the other.</summary>
    private bool IsUsedByAnother(PreparedStatement statement, uint backendId)
    {
        foreach (var other in _prepared!.All)
        {
            if (other != statement && other.Serial == _lent!.Serial && other.BackendId == backendId) return true;
        }
        return false;
    }

    /// <summary>The server has just prepared it, under the number that it has now.</summary>
    private void NotePrepared(PreparedStatement statement)
    {
        var lent = _lent!;
        statement.Attachment = _attachment;
        statement.Serial = lent.Serial;
        if (lent.Key is null) return;
        var known = !_state.Has(StateDoubts.Settings) && statement.Text.Length > 0 && statement.Schema == _state.Schema;
        lent.OnPrepared(statement.Text, known ? _state.Signature(Catalogue) : null, statement.BackendId);
    }
}
