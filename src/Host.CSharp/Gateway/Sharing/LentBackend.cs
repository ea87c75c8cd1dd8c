using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sharing;

/// <summary>
/// One backend connection, in the hands of a session or in the pool, and what state it is in. For its loop's thread only.
/// </summary>
/// <param name="key">Null: its session shares with nobody.</param>
/// <param name="opening">The gate's opening when the login began.</param>
/// <param name="era">The database's era then.</param>
internal sealed class LentBackend(BackendConnection connection, BackendAddress address, BackendKey? key, long opening, int era, long serial) : IHangupObserver
{
    /// <summary>Prepared statements that a connection may carry before the next session resets it; servers bound them in all (max_prepared_stmt_count).</summary>
    private const int MostStatements = 128;

    private readonly HashSet<uint> _prepared = [];
    private readonly List<SharedStatement> _shared = [];
    private int _aim;

    public PacketChannel Channel => connection.Channel;

    /// <summary>The server's own number of it.</summary>
    public uint ConnectionId => connection.ConnectionId;

    public BackendAddress Address => address;

    public BackendKey? Key => key;

    public long Opening => opening;

    /// <summary>What a KILL is, or was, aimed at; then no session but its victim may have the connection. From any thread.</summary>
    public KillAim KillAim => (KillAim)Volatile.Read(ref _aim);

    public int Era => era;

    /// <summary>Another number each time that what sessions had prepared on it is gone.</summary>
    public long Serial { get; private set; } = serial;

    /// <summary>What CONNECTION_ID() gives on it; 0: the account may not set that.</summary>
    public uint ShownId { get; set; } = connection.ConnectionId;

    /// <summary>What COM_SET_OPTION said last.</summary>
    public bool MultiStatements { get; set; }

    /// <summary>The session that had it last.</summary>
    public uint Owner { get; set; }

    /// <summary>What a session's signature must be to take it as it is.</summary>
    public SettingsSignature Settings { get; set; } = SettingsSignature.Empty;

    public ulong LastInsertId { get; set; }

    /// <summary>No session can have a connection back that has no schema in use once one is.</summary>
    public bool HasSchema { get; set; }

    /// <summary>What may be left on it that no signature tells: any session must reset it first.</summary>
    public bool NeedsReset { get; set; }

    /// <summary>The same, for every session but its last.</summary>
    public bool NeedsResetForOthers { get; set; }

    /// <summary>Timestamp of when it came into the pool.</summary>
    public long PooledSince { get; set; }

    /// <summary>Timestamp by which the pool must have let go of it.</summary>
    public long KeepUntil { get; set; }

    /// <summary>Its place in the pool; in no list while a session has it.</summary>
    public LinkedListNode<LentBackend> Node => field ??= new(this);

    public IdleBackends? Pool { get; set; }

    public BackendPool? Keeper { get; set; }

    public bool HasTooManyStatements => _prepared.Count > MostStatements;

    /// <summary>From any thread. What aims at more stays.</summary>
    /// <returns>What was aimed at before.</returns>
    public KillAim AimAt(KillAim aim)
    {
        while (true)
        {
            var before = KillAim;
            if (before >= aim || ChangeAim(before, aim)) return before;
        }
    }

    /// <summary>From any thread. False: it is another by now.</summary>
    public bool ChangeAim(KillAim from, KillAim to) => Interlocked.CompareExchange(ref _aim, (int)to, (int)from) == (int)from;

    /// <summary>A statement with this number is prepared on it, since the last reset.</summary>
    public bool HasPrepared(uint backendId) => _prepared.Contains(backendId);

    /// <summary>The statement of this text under these settings, when some session has prepared it here.</summary>
    public uint? FindPrepared(ReadOnlySpan<byte> text, SettingsSignature settings)
    {
        foreach (var one in _shared)
        {
            if (one.Text.AsSpan().SequenceEqual(text) && one.Settings.Equals(settings)) return one.BackendId;
        }
        return null;
    }

    /// <param name="settings">Null: they are not known for certain, and it is for the session that prepared it alone.</param>
    public void OnPrepared(byte[] text, SettingsSignature? settings, uint backendId)
    {
        _prepared.Add(backendId);
        if (settings is not null && FindPrepared(text, settings) is null) _shared.Add(new SharedStatement(text, settings, backendId));
    }

    /// <summary>One session closed it. Others that know it prepare it again.</summary>
    public void OnStatementClosed(uint backendId)
    {
        if (_prepared.Remove(backendId)) _shared.RemoveAll(one => one.BackendId == backendId);
    }

    /// <summary>COM_RESET_CONNECTION has been sent.</summary>
    public void OnReset(long serial)
    {
        Serial = serial;
        ShownId = ConnectionId;
        NeedsReset = NeedsResetForOthers = false;
        LastInsertId = 0;
        _prepared.Clear();
        _shared.Clear();
    }

    /// <summary>The server closed it while nobody used it: it is never handed out.</summary>
    public void OnPeerClosed(ITransport transport) => Keeper?.Close(this, politely: false);
}
