namespace Serverless.Host.Gateway.Authentication;

/// <summary>What became of guesses at one database's passwords. Safe from any thread.</summary>
public sealed class LoginCounters
{
    private long _failed;
    private long _delayed;
    private long _refused;

    public LoginReading Read() => new(Interlocked.Read(ref _failed), Interlocked.Read(ref _delayed), Interlocked.Read(ref _refused));

    internal void CountFailed(bool isDelayed)
    {
        Interlocked.Increment(ref _failed);
        if (isDelayed) Interlocked.Increment(ref _delayed);
    }

    internal void CountRefused() => Interlocked.Increment(ref _refused);
}
