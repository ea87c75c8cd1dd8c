namespace Serverless.Host.Net;

/// <summary>The process's own limit of open files. See getrlimit(2), RLIMIT_NOFILE.</summary>
public static unsafe class OpenFileLimit
{
    private const int NoFile = 7;

    /// <summary>Raises the soft limit to the hard one, as far as that is allowed, and gives the limit in force.</summary>
    public static long Raise()
    {
        var limit = default(Native.ResourceLimit);
        if (Native.getrlimit(NoFile, &limit) < 0) return int.MaxValue;
        if (limit.Soft < limit.Hard)
        {
            var raised = limit with { Soft = limit.Hard };
            if (Native.setrlimit(NoFile, &raised) == 0) limit = raised;
        }
        return (long)Math.Min(limit.Soft, int.MaxValue);
    }
}
