namespace Serverless.Host.Cli.Up;

/// <summary>Tasks that belong together: when one fails the others are told to end, and none goes on behind the back of whoever waits.</summary>
internal static class Together
{
    /// <param name="end">Cancelled at the first failure.</param>
    /// <exception cref="Exception">That of a task that failed.</exception>
    public static async Task AllAsync(IEnumerable<Task> tasks, CancellationTokenSource end)
    {
        List<Task> all = [.. tasks];
        List<Task> left = [.. all];
        while (left.Count > 0)
        {
            Task ended = await Task.WhenAny(left);
            left.Remove(ended);
            if (!ended.IsCompletedSuccessfully)
            {
                await end.CancelAsync();
            }
        }

        await Task.WhenAll(all);
    }
}
