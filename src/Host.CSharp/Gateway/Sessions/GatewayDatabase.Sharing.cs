using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>What backend connections that go from session to session need to know of the database as a whole.</summary>
public sealed partial class GatewayDatabase
{
    private IReadOnlyList<Account>? _accounts;
    private int _era;
    private long _serial;
    private volatile bool _mayRunStoredCode = true;
    private long _storedCodeMadeAt = -1;

    /// <summary>
    /// Goes up when a login made from now on could give another connection than one made before: accounts or global variables were changed, the
    /// compute is another. No session is given a connection of an earlier era.
    /// </summary>
    internal int Era => Volatile.Read(ref _era);

    /// <summary>Plain statements may run stored functions or triggers, and so do what their text does not say.</summary>
    internal bool MayRunStoredCode => _mayRunStoredCode;

    internal long NextSerial() => Interlocked.Increment(ref _serial);

    /// <summary>A statement that ended well changed global variables, or made stored code.</summary>
    internal void OnServerChanged(bool storedCode)
    {
        if (storedCode)
        {
            Volatile.Write(ref _storedCodeMadeAt, Time.GetUtcNow().UtcTicks);
            _mayRunStoredCode = true;
        }
        BeginEra();
    }

    internal void OnSchemaDropped() => BeginEra();

    /// <summary>What was read before a client made some says nothing of it.</summary>
    private bool MayRunStoredCodeBy(ServerProfile profile) => profile.MayRunStoredCode || profile.ReadAt.UtcTicks <= Volatile.Read(ref _storedCodeMadeAt);

    internal void AskOthersForRoom(DatabaseShard asking, Action<object?> ask)
    {
        foreach (var shard in _shards)
        {
            if (shard != asking) shard.Loop.Post(ask, shard);
        }
    }

    private void BeginEra()
    {
        Interlocked.Increment(ref _era);
        foreach (var shard in _shards) shard.Loop.Post(static state => ((DatabaseShard)state!).Pool.CloseOutdated(), shard);
    }

    private SharingReading ReadSharing()
    {
        int idle = 0;
        long asItIs = 0, afterReset = 0;
        foreach (var shard in _shards)
        {
            idle += shard.Pool.Count;
            asItIs += shard.Sharing.TakenAsItIs;
            afterReset += shard.Sharing.TakenAfterReset;
        }
        return new SharingReading(Room.Count, idle, Interlocked.Read(ref _attaches) - afterReset, asItIs, afterReset);
    }
}
