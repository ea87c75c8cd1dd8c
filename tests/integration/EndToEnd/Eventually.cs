using System.Diagnostics;

namespace Serverless.Tests.Integration.EndToEnd;

internal static class Eventually
{
    /// <summary>Waits until the condition holds; fails with what was expected when it does not within the bound.</summary>
    public static async Task HoldsAsync(Func<Task<bool>> condition, TimeSpan bound, Func<Task<string>> expected, TimeSpan? every = null)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(start) > bound)
            {
                throw new TimeoutException($"within {bound.TotalSeconds} s: {await expected()}");
            }

            await Task.Delay(every ?? TimeSpan.FromMilliseconds(25));
        }
    }
}
