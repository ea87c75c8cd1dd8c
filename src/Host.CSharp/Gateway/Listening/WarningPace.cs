namespace Serverless.Host.Gateway.Listening;

/// <summary>Lets a warning pass once in ten seconds: a crowd of clients that come again and again shall not fill the log. Safe from any thread.</summary>
internal sealed class WarningPace
{
    private const long PeriodMs = 10_000;

    private long _last;

    public bool IsDue()
    {
        var now = Environment.TickCount64;
        var last = Interlocked.Read(ref _last);
        return (last == 0 || now - last >= PeriodMs) && Interlocked.CompareExchange(ref _last, now, last) == last;
    }
}
