namespace Serverless.Host.Gateway.Sharing;

/// <summary>How sessions of one loop came by connections of the pool. Written by that loop only, read by any thread.</summary>
internal sealed class SharingCounters
{
    private long _takenAsItIs;
    private long _takenAfterReset;

    public long TakenAsItIs => Volatile.Read(ref _takenAsItIs);

    public long TakenAfterReset => Volatile.Read(ref _takenAfterReset);

    public void CountTakenAsItIs() => Volatile.Write(ref _takenAsItIs, _takenAsItIs + 1);

    public void CountTakenAfterReset() => Volatile.Write(ref _takenAfterReset, _takenAfterReset + 1);
}
