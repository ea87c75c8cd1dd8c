namespace Serverless.Host.Compute.Kubernetes.Api.Caching;

/// <summary>Exponential, with jitter, so that gateways that lost the server together do not come back together.</summary>
internal static class Backoff
{
    /// <param name="failures">In a row, at least one.</param>
    /// <param name="asked">How long the server wants to be left alone.</param>
    public static TimeSpan After(int failures, TimeSpan? asked, ApiOptions options)
    {
        double most = options.LongestBackoff.TotalMilliseconds;
        double exponential = Math.Min(most, options.FirstBackoff.TotalMilliseconds * Math.Pow(2, Math.Min(failures - 1, 30)));
        double own = exponential * (0.5 + (Random.Shared.NextDouble() / 2));
        // a server's wish is met up to a minute: what is longer is a mistake, or no server's
        double wish = Math.Min(60_000, asked?.TotalMilliseconds ?? 0);
        // what many are told alike they must not do alike
        return TimeSpan.FromMilliseconds(Math.Max(own, wish * (1 + (Random.Shared.NextDouble() / 2))));
    }
}
