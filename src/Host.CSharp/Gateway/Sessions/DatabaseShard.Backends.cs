using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Gateway.State;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>Who gets the backend connections: those that wait in line, in its order; from those that are idle, the longest idle first.</summary>
internal sealed partial class DatabaseShard
{
    private static readonly Action<object?> ReleaseSome = static shard => ((DatabaseShard)shard!).Release(all: false);
    private static readonly Action<object?> ReleaseAll = static shard => ((DatabaseShard)shard!).Release(all: true);

    /// <summary>How often the idle sessions are looked over, in parts of the time after which they give their connections back.</summary>
    private const int LooksPerIdleTime = 4;

    private static readonly TimeSpan ShortestLook = TimeSpan.FromMilliseconds(10);

    /// <summary>Signatures that several sessions have are kept once, as long as there are not too many.</summary>
    private const int MostSignatures = 1024;

    private readonly List<Session> _attached = [];
    private readonly Dictionary<SettingsSignature, SettingsSignature> _signatures = [];
    private SettingsSignature? _lastShared;
    private LoopTimer? _look;
    private int _heldForBackend;
    private int _asked;
    private bool _owes;
    private bool _askedOthers;
    private bool _passesOn;

    public BackendPool Pool { get; }

    public SharingCounters Sharing { get; } = new();

    /// <summary>Backend connections of this loop. Under the lock of <see cref="BackendRoom"/>.</summary>
    public int Backends { get; set; }

    private volatile bool _waitsForRoom;

    /// <summary>It is in the line for room, and will be told. Set under the same lock.</summary>
    public bool WaitsForRoom
    {
        get => _waitsForRoom;
        set => _waitsForRoom = value;
    }

    /// <summary>Statements wait for connections that there is no room for: sessions hand theirs over after each statement.</summary>
    public bool IsWanted { get; private set; }

    /// <summary>A connection that is given back must make room for one of another loop.</summary>
    public bool OwesRoom
    {
        get
        {
            var owed = Database.Room.IsOwedBy(this, anyOther: _heldForBackend == 0);
            // Paid with this one; or the other has got room elsewhere, and would let this loop's sessions give up their connections for nothing.
            if (_owes && (owed || !Database.Room.IsOwedBy(this, anyOther: true)))
            {
                _owes = false;
                UpdateWanted(noRoom: IsWanted && _heldForBackend > 0);
            }
            return owed;
        }
    }

    public void AddAttached(Session session)
    {
        session.AttachedIndex = _attached.Count;
        _attached.Add(session);
        if (!Database.Options.Sharing.IsOnForAny) return;
        if (_look is null) _look = Loop.StartTimer(LookEvery, static shard => ((DatabaseShard)shard!).OnLook(), this);
        else if (!_look.IsPending) _look.Restart(LookEvery);
    }

    public void RemoveAttached(Session session)
    {
        var last = _attached[^1];
        _attached[session.AttachedIndex] = last;
        last.AttachedIndex = session.AttachedIndex;
        _attached.RemoveAt(_attached.Count - 1);
        session.AttachedIndex = -1;
    }

    /// <param name="politely">The server is told.</param>
    public void CloseBackend(LentBackend backend, bool politely)
    {
        if (politely) Farewell.Say(backend.Channel);
        backend.Channel.Dispose();
        Database.Backends.TryRemove(new KeyValuePair<uint, LentBackend>(backend.ConnectionId, backend));
        Database.Room.Return(this);
    }

    /// <summary>The session's signature, as the one object that all sessions with an equal one have.</summary>
    public SettingsSignature Share(SessionState state)
    {
        var own = state.Signature(Database.Catalogue!);
        if (ReferenceEquals(own, _lastShared)) return own;
        if (_signatures.TryGetValue(own, out var shared))
        {
            state.ShareSignature(shared);
            return _lastShared = shared;
        }
        if (_signatures.Count >= MostSignatures) _signatures.Clear();
        return _lastShared = _signatures[own] = own;
    }

    /// <summary>Nobody waits in line, and the pool has a connection that is the session's already.</summary>
    public bool TryTakeAsItIs(Session session) => !HasLine && session.TryTakeAsItIs();

    /// <summary>Statements wait for a backend connection.</summary>
    private bool HasLine => _heldForBackend > 0;

    /// <summary>A session without a connection gets none now.</summary>
    public bool MustWait => HasLine || (Pool.Count == 0 && Database.Room.IsFull);

    /// <summary>
    /// The first in line takes a connection that is given back, which needs nothing done to it, without its being in the pool.
    /// </summary>
    /// <param name="atOnce">It goes on within this call, unless that was itself made within such a call: sessions that fail one after the other would be as deep as the line.</param>
    public bool TryPassOn(LentBackend lent, IdleBackends idle, bool atOnce)
    {
        if (_held.First is not { Value: { NeedsAttach: true } first } || !Database.Gate.IsOpen || !first.Session.TryTakeAsItIs(lent, idle)) return false;
        Counters.AddRunning(1);
        Leave(first);
        if (!HasLine) UpdateWanted(noRoom: false);
        if (!atOnce || _passesOn)
        {
            first.Resolve(HoldOutcome.Go, reason: null);
            return true;
        }
        _passesOn = true;
        try
        {
            first.Resolve(HoldOutcome.Go, reason: null, atOnce: true);
        }
        finally
        {
            _passesOn = false;
        }
        return true;
    }

    /// <summary>An attach may begin at once: nobody waits in line, there is a slot, and a connection of the pool or room for one. The session has it.</summary>
    public bool TryBeginAttach(Session session)
    {
        if (_held.Count > 0 || _attaching >= _attachSlots || session.TryReserve() == RoomOutcome.LimitReached) return false;
        _attaching++;
        return true;
    }

    /// <summary>Room for one more connection, if need be that of one that nobody uses.</summary>
    public RoomOutcome TryTakeRoom()
    {
        var outcome = Database.Room.TryTake(this);
        return outcome == RoomOutcome.Taken || !Pool.CloseOldest() ? outcome : Database.Room.TryTake(this);
    }

    /// <summary>A session gave its connection to the pool.</summary>
    public void OnGiven()
    {
        if (_heldForBackend > 0) Release(all: false);
    }

    /// <summary>There is room for another connection.</summary>
    public void OnRoom()
    {
        _askedOthers = false;
        if (_heldForBackend > 0) Release(all: false);
        if (_heldForBackend == 0) Database.Room.PassOn();
    }

    /// <summary>A session that was asked for its connection has given it, or cannot; then another may.</summary>
    public void OnAskedAnswered()
    {
        _asked--;
        if (_heldForBackend > 0) Loop.Post(ReleaseSome, this);
        else if (Database.Room.IsOwedBy(this, anyOther: true)) Loop.Post(static shard => ((DatabaseShard)shard!).OnRoomWanted(), this);
    }

    /// <summary>Frees a connection that can be done without, since there is no room for another. False: there is none.</summary>
    public bool MakeRoom() => Pool.CloseOldest() || ParkOldest();

    /// <summary>Asks the session that has been idle for longest for its connection. False: there is none that could do without.</summary>
    public bool ParkOldest()
    {
        if (FindOldest() is not { } oldest) return false;
        Ask(oldest);
        return true;
    }

    /// <summary>
    /// With the statement the line could move. Behind others that wait for room it cannot: they go first, and are looked at whenever there is any. Only a session that
    /// is idle may then be asked for its connection.
    /// </summary>
    private bool MayMove(HeldStatement held) =>
        !held.NeedsAttach || _heldForBackend == 1 || !IsWanted || (Counters.Running - _attaching < _attached.Count && FindOldest() is not null);

    private Session? FindOldest()
    {
        Session? oldest = null;
        var since = long.MaxValue;
        foreach (var session in _attached)
        {
            if (session.MayLeaveSince is var own && own < since) (oldest, since) = (session, own);
        }
        return oldest;
    }

    private void Ask(Session session)
    {
        _asked++;
        session.AskToLeave();
    }

    /// <summary>Another loop has sessions that wait, and there is no room.</summary>
    private void OnRoomWanted()
    {
        if (_heldForBackend == 0 ? MakeRoom() : Pool.CloseOldest()) return;
        _owes = true;
        IsWanted = true;
    }

    /// <summary>Those that go count as running before they stop counting as held: nobody sees neither.</summary>
    /// <param name="all">Also those that have a connection. Otherwise it ends with the first that cannot have one.</param>
    private void Release(bool all)
    {
        var noRoom = false;
        var node = _held.First;
        while (node is not null && Database.Gate.IsOpen && (all || !noRoom))
        {
            var next = node.Next;
            var held = node.Value;
            if (!held.NeedsAttach || (!noRoom && held.Session.TryTakeAsItIs()))
            {
                Counters.AddRunning(1);
                Resolve(held, HoldOutcome.Go, reason: null);
            }
            else if (!noRoom && _attaching < _attachSlots)
            {
                if (held.Session.TryReserve() == RoomOutcome.LimitReached)
                {
                    noRoom = true;
                }
                else
                {
                    _attaching++;
                    Counters.AddRunning(1);
                    Resolve(held, HoldOutcome.GoAttach, reason: null);
                }
            }
            else if (!all)
            {
                break;
            }
            node = next;
        }
        UpdateWanted(noRoom);
        if (noRoom) AskForRoom();
    }

    private void UpdateWanted(bool noRoom) => IsWanted = noRoom || _owes;

    private void AskForRoom()
    {
        while (_asked < _heldForBackend && ParkOldest())
        {
        }
        if (!HasLine || _asked > 0 || _askedOthers) return;
        _askedOthers = true;
        Database.AskOthersForRoom(this, static shard => ((DatabaseShard)shard!).OnRoomWanted());
    }

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private TimeSpan LookEvery => Longer(Database.Options.Sharing.After / LooksPerIdleTime, ShortestLook);

    /// <summary>Asks every session for its connection that has been idle for long enough.</summary>
    private void OnLook()
    {
        if (_attached.Count == 0) return;
        var time = Database.Time;
        var after = Database.Options.Sharing.After;
        var now = time.GetTimestamp();
        // From the end: one that leaves at once is replaced by one that has been looked at.
        for (var i = _attached.Count - 1; i >= 0; i--)
        {
            if (i >= _attached.Count) continue;
            var session = _attached[i];
            if (session.Shares && session.MayLeaveSince is not long.MaxValue and var since && time.GetElapsedTime(since, now) >= after) Ask(session);
        }
        if (_attached.Count > 0) _look!.Restart(LookEvery);
    }
}
