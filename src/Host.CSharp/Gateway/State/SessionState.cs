using Serverless.Host.Mysql;
using T = Serverless.Host.Gateway.State.StatementTraits;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// What one session has made of its backend connection, as far as it differs from a fresh one, and what of it cannot be made again elsewhere.
/// Fed by the relay with every command; small while nothing special happens. Not thread-safe: it lives on its session's loop.
/// </summary>
public sealed class SessionState
{
    /// <summary>For a statement with any of these, OnStatementStarting needs the text; for others an empty span will do.</summary>
    internal const T TraitsThatNeedText =
        T.UserVariables | T.CreatesTemporaryTable | T.TouchesTables | T.SetsSessionVariables | T.SqlPrepare | T.SqlExecute | T.SqlDeallocate
        | T.OpensHandler | T.ClosesHandler | T.TakesUserLock | T.ReleasesUserLock | T.ReleasesAllUserLocks;

    private readonly SqlDialect _fresh;
    private SessionPins _pins;
    private StateFlags _flags;
    private ushort _status;

    /// <summary>Statements for which counters that FLUSH STATUS has set to zero still hold the session; 0: they do not, or hold it for good.</summary>
    private byte _countersFor;
    private SettingsSignature? _signature;

    /// <param name="fresh">Dialect of a fresh session of this server.</param>
    /// <param name="collation">Collation id of the client's handshake.</param>
    /// <param name="schema">Schema of the client's handshake, or null.</param>
    public SessionState(SqlDialect fresh, int collation, string? schema)
    {
        _fresh = fresh;
        Dialect = fresh with { TreacherousCharacterSet = SessionCharset.IsTreacherous(collation) };
        Collation = (ushort)collation;
        Schema = schema;
        _status = ServerStatusFlags.Autocommit;
    }

    /// <summary>How the server reads this session's statements now.</summary>
    public SqlDialect Dialect { get; private set; }

    /// <summary>Collation id that the client asked for when it connected (or changed user): a backend login for this session uses it.</summary>
    public ushort Collation { get; private set; }

    /// <summary>The schema in use, or null.</summary>
    public string? Schema
    {
        get;
        internal set
        {
            field = value;
            _signature = null;
        }
    }

    /// <summary>The server has this schema in use now.</summary>
    internal void UseSchema(string? schema)
    {
        Schema = schema;
        Note(StateFlags.SchemaIsGone, on: false);
        Note(StateFlags.SchemaWasUsed, on: schema is not null);
    }

    /// <summary>The server's status flags after the last command, to be sent with local answers.</summary>
    public ushort ServerStatus => (ushort)(_status & ServerStatusFlags.OfSession);

    /// <summary>
    /// What can be asked of the last statement (FOUND_ROWS(), ROW_COUNT(), SHOW WARNINGS…) was read before, and a backend connection would not say it
    /// again: <see cref="LocalAnswers"/> has it, also while the session is attached.
    /// </summary>
    public bool AnswersLastStatement => LastStatement is not null;

    public bool InTransaction => (_status & ServerStatusFlags.InTransaction) != 0;

    internal bool InReadOnlyTransaction => InTransaction && (_status & ServerStatusFlags.InReadOnlyTransaction) != 0;

    public bool Autocommit => (_status & ServerStatusFlags.Autocommit) != 0;

    /// <summary>Why this session cannot leave its backend connection now, or null when it can. An open transaction is named here too.</summary>
    public PinReason? Pin => _pins.Reason(this);

    public PinCauses PinCauses =>
        _pins.Causes | (InTransaction ? PinCauses.OpenTransaction : PinCauses.None)
        | (SqlPrepared is { } prepared && prepared.AreBound(TextContext, Schema) ? PinCauses.SqlPreparedStatement : PinCauses.None);

    /// <summary>Session variables that differ from a fresh session's, or null.</summary>
    internal ChangedVariables? Variables { get; private set; }

    /// <summary>User variables: names seen in statements, and after a capture their values; or null.</summary>
    internal UserVariables? UserVariables { get; private set; }

    /// <summary>What the last statement left to be asked for, as read before detaching; null while attached.</summary>
    internal LastStatement? LastStatement { get; set; }

    /// <summary>LAST_INSERT_ID() as read before detaching.</summary>
    internal ulong LastInsertId { get; set; }

    /// <summary>
    /// Collation id that column definitions of text have, when it is not the handshake's and not the default one of character_set_results: SET NAMES …
    /// COLLATE leaves it, and no variable shows it. 0: none of that.
    /// </summary>
    internal ushort ResultsCollation { get; set; }

    /// <summary>The client's session_track_system_variables; null: the server's own.</summary>
    internal string? ClientTrackers { get; set; }

    /// <summary>What SET ROLE takes to make the current roles again, or null when they are the login's.</summary>
    internal string? Role { get; set; }

    /// <summary>Named things that pin, or null.</summary>
    internal HeldNames? Held { get; private set; }

    internal HeldNames Hold() => Held ??= new HeldNames();

    /// <summary>Statements prepared by SQL that can be prepared again, or null.</summary>
    internal SqlPreparedStatements? SqlPrepared { get; private set; }

    internal SqlPreparedStatements UseSqlPrepared() => SqlPrepared ??= new SqlPreparedStatements();

    /// <summary>Two moments with the same number had the same sql_mode and character sets for the text of statements.</summary>
    internal int TextContext => Variables?.TextContext ?? 0;

    internal bool Has(StateFlags flags) => (_flags & flags) != 0;

    internal void Note(StateFlags flags, bool on = true) => _flags = on ? _flags | flags : _flags & ~flags;

    internal ref SessionPins Pins => ref _pins;

    internal ChangedVariables ChangeVariables()
    {
        _signature = null;
        return Variables ??= new ChangedVariables();
    }

    internal UserVariables UseUserVariables()
    {
        _signature = null;
        return UserVariables ??= new UserVariables();
    }

    internal void ForgetUserVariables()
    {
        _signature = null;
        UserVariables = null;
    }

    /// <summary>
    /// What a statement is to the session, beyond its own text: an EXECUTE of a statement that was seen when SQL prepared it is what that one is.
    /// To be called before <see cref="OnStatementStarting"/> for those that need their text.
    /// </summary>
    public StatementInfo Resolve(in StatementInfo info, ReadOnlySpan<byte> sql) => SqlPrepareRules.Resolve(this, info, sql);

    /// <summary>A command with these traits is about to be sent to the backend. What it may do counts from now on, until it is known that it did not.</summary>
    /// <param name="sql">Its text (for an execute, the text that was prepared: without it nothing can be followed by name); may be empty when <see cref="StatementInfo.NeedsText"/> is false.</param>
    public void OnStatementStarting(in StatementInfo info, ReadOnlySpan<byte> sql)
    {
        if (!KeepsLastStatement(info)) LastStatement = null;
        if (info.Traits == T.None) return;
        if (info.Has(T.SqlExecute) && !info.Has(T.RunsStoredCode) && SqlPrepareRules.Find(this, sql) is { } executed)
        {
            if (info.Has(T.UserVariables)) UseUserVariables().NoteNames(sql, Dialect);
            sql = executed.Text;
        }
        SessionStateRules.Starting(this, info, sql);
    }

    /// <summary>
    /// What FOUND_ROWS() says was found before; on another backend connection it has to be kept over a BEGIN, or the server would tell of somebody else's statement.
    /// </summary>
    private bool KeepsLastStatement(in StatementInfo info) =>
        info.Kind is StatementKind.Begin or StatementKind.Commit or StatementKind.Rollback or StatementKind.Savepoint && !info.Has(T.MultiStatement)
        && LastStatement is { Warnings.Count: 0 };

    /// <summary>A statement was prepared in the binary protocol: notes the names of user variables in it.</summary>
    public void OnStatementPrepared(in StatementInfo info, ReadOnlySpan<byte> sql)
    {
        if (info.Has(T.UserVariables)) UseUserVariables().NoteNames(sql, Dialect);
    }

    /// <summary>An OK packet or the end of a result set that more results follow: only its session state information counts.</summary>
    public void OnSessionTrack(ReadOnlySpan<byte> sessionTrack)
    {
        Doubt(StateDoubts.Settings);
        SessionTracking.Apply(this, sessionTrack);
    }

    /// <summary>The command ended.</summary>
    public void OnStatementEnded(in StatementInfo info, in StatementOutcome outcome)
    {
        if (outcome.Succeeded)
        {
            _status = outcome.ServerStatus;
            if (!outcome.SessionTrack.IsEmpty) OnSessionTrack(outcome.SessionTrack);
        }
        if (LastStatement is { } kept) LastStatement = outcome.Succeeded ? new LastStatement(kept.FoundRows, 0, [], 0) : null;
        LastRowCount = outcome.Succeeded && !outcome.ResultSet ? (long)outcome.AffectedRows : -1;
        LastWarnings = outcome.Succeeded ? outcome.Warnings : (ushort)1;
        StateDoubtRules.Ended(this, info, outcome);
        if (_countersFor > 0) AgeCounters(info);
        if (info.Traits != T.None || _flags != StateFlags.None) SessionStateRules.Ended(this, info, outcome);
    }

    private const byte CountersPatience = 100;

    /// <summary>
    /// The session's status counters begin anew. Whoever does not look at them within a hundred statements has not done it for them. What stored code may have left
    /// is known by the counters; where they were set to zero meanwhile it never is.
    /// </summary>
    internal void HoldCounters()
    {
        _countersFor = _pins.Has(PinCauses.StoredCode) ? (byte)0 : CountersPatience;
        _pins.Set(PinCauses.StatusCounters, on: true);
    }

    /// <summary>What stored code looks at is not seen, so it counts as a look.</summary>
    private void AgeCounters(in StatementInfo info)
    {
        if (info.Kind == StatementKind.Show || info.Has(T.NamesCounters | T.RunsStoredCode)) _countersFor = CountersPatience;
        else if (--_countersFor == 0) _pins.Set(PinCauses.StatusCounters, on: false);
    }

    /// <summary>What would have to be read back before the session leaves its backend connection.</summary>
    internal StateDoubts Doubts { get; private set; }

    /// <summary>FOUND_ROWS(), unless it is in doubt.</summary>
    internal ulong FoundRows { get; private set; }

    internal bool Has(StateDoubts doubts) => (Doubts & doubts) != 0;

    internal void Doubt(StateDoubts doubts)
    {
        Doubts |= doubts;
        if ((doubts & StateDoubts.Settings) != 0) _signature = null;
    }

    /// <summary>To be asked only while the settings are not in doubt.</summary>
    internal SettingsSignature Signature(ServerCatalogue catalogue) => _signature ??= SettingsSignature.Of(this, catalogue);

    /// <summary>An equal one that others have too, so that it is there once.</summary>
    internal void ShareSignature(SettingsSignature equal) => _signature = equal;

    /// <summary>The session is on a backend connection on which the last statement may not have been its own.</summary>
    internal void OnOthersConnection()
    {
        LastStatement ??= new LastStatement(0, LastRowCount, [], 0);
        // Some statements leave warnings as they are, so what was read once may have to be read again.
        if (LastStatement.Warnings.Count > 0) Doubt(StateDoubts.Warnings);
    }

    internal void ForgetSignature() => _signature = null;

    /// <summary>A role is in use, or may be; no reset takes it from a connection.</summary>
    internal bool HasRole => Role is not null || Has(StateFlags.RoleChanged);

    internal void Settle(StateDoubts doubts) => Doubts &= ~doubts;

    internal void KnowFoundRows(ulong rows)
    {
        FoundRows = rows;
        Settle(StateDoubts.FoundRows);
    }

    /// <summary>Variables that the statement under way, or the last one, sets without a report of them; null or empty: none.</summary>
    internal List<string>? Unreported { get; set; }

    internal long LastRowCount { get; set; }

    internal ushort LastWarnings { get; set; }

    /// <summary>A cursor was opened by COM_STMT_EXECUTE (SERVER_STATUS_CURSOR_EXISTS) or all of them are closed again.</summary>
    public void OnCursors(bool open) => _pins.Set(PinCauses.OpenCursor, open);

    /// <summary>The status flags of an answer other than a statement's (COM_INIT_DB, COM_PING, …).</summary>
    public void OnStatus(ushort serverStatus) => _status = serverStatus;

    /// <summary>Pins the session for a reason that the relay found.</summary>
    public void PinFor(PinCauses cause, string words) => _pins.Set(cause, words);

    internal void UseSqlMode(string sqlMode) => Dialect = Dialect.WithSqlMode(sqlMode);

    /// <summary>The character set in which statements come changed; some cannot be read.</summary>
    internal void UseClientCharacterSet(ReadOnlySpan<byte> set) => Dialect = Dialect with { TreacherousCharacterSet = SessionCharset.IsTreacherous(set) };

    internal void SetStatusFlag(ushort flag, bool on) => _status = (ushort)(on ? _status | flag : _status & ~flag);

    /// <summary>
    /// The backend connection broke without its state having been read. Schema and session variables are known as the trackers reported them, and stay; what
    /// lived only there (transaction, locks, temporary tables, values of user variables) is gone.
    /// </summary>
    public void LoseBackend()
    {
        _pins = default;
        _countersFor = 0;
        _flags &= StateFlags.RoleChanged | StateFlags.SchemaWasUsed;
        SetStatusFlag(ServerStatusFlags.InTransaction | ServerStatusFlags.InReadOnlyTransaction, on: false);
        SqlPrepared?.Forget();
        if (Variables is { } changed)
        {
            var context = changed.TextContext;
            RestorableVariables.TakeReported(changed);
            changed.KeepTextContext(context);
        }
        if (SqlPrepared?.AreBound(TextContext, Schema) == true) SqlPrepared = null;
        UserVariables = null;
        Unreported = null;
        Held = null;
        LastStatement = null;
        _signature = null;
        Doubts = StateDoubts.None;
        FoundRows = 0;
        LastInsertId = 0;
    }

    /// <summary>SET ROLE was used, and what it chose has not been read back since.</summary>
    internal bool RoleIsUnknown => Has(StateFlags.RoleChanged) && Role is null;

    /// <summary>The connection that knew the role is gone: the next one has the login's.</summary>
    internal void ForgetUnknownRole()
    {
        if (RoleIsUnknown) Note(StateFlags.RoleChanged, on: false);
    }

    /// <summary>
    /// COM_RESET_CONNECTION ended well: everything but the schema and the login is as in a fresh session. The backend's trackers are off again too:
    /// <see cref="SessionRestore"/> switches them on.
    /// </summary>
    public void ResetConnection(ServerCatalogue catalogue)
    {
        // MariaDB goes back to the handshake's character set, MySQL to the server's own.
        if (catalogue.Family == ServerFamily.MySql) Collation = (ushort)catalogue.ServerCollation;
        Clear();
    }

    private void Clear()
    {
        _pins = default;
        _countersFor = 0;
        _flags &= StateFlags.SchemaWasUsed;
        _status = ServerStatusFlags.Autocommit;
        Dialect = _fresh with { TreacherousCharacterSet = SessionCharset.IsTreacherous(Collation) };
        Variables = null;
        UserVariables = null;
        Unreported = null;
        LastStatement = null;
        _signature = null;
        Doubts = StateDoubts.None;
        FoundRows = 0;
        LastInsertId = 0;
        LastRowCount = 0;
        LastWarnings = 0;
        Role = null;
        Held = null;
        SqlPrepared = null;
        ResultsCollation = 0;
        ClientTrackers = null;
    }

    /// <summary>COM_CHANGE_USER ended: well, with a schema that the account may not be let into, or badly, with the one that was in use.</summary>
    public void ResetByChangeUser(int collation, string? schema, bool succeeded = true)
    {
        Collation = (ushort)collation;
        if (succeeded) Note(StateFlags.SchemaWasUsed, on: false);
        Schema = schema;
        Clear();
    }
}
