using System.Diagnostics.CodeAnalysis;

namespace Serverless.Host.Control.Policies;

/// <summary>
/// Looks at a rule folder for all databases that take their rules from it: with one notification of the file system, of which a system gives few, and one look a second, however many they are.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "RunAsync disposes of what ends it.")]
internal sealed class RuleFolderNews(RuleFolder folder)
{
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>An editor writes in several steps, a swap renames several links: one look after all of them.</summary>
    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(50);

    private readonly Lock _guard = new();
    private readonly List<Action> _followers = [];
    private CancellationTokenSource? _end;

    /// <param name="changed">Called when the files are others than before, or why they cannot be read is another reason; must neither wait nor throw.</param>
    /// <param name="unwatched">Told why the file system does not notify, if it does not: then changes are found by the looks.</param>
    /// <returns>Ends it.</returns>
    public IDisposable Follow(Action changed, TimeProvider time, Action<string> unwatched)
    {
        lock (_guard)
        {
            _followers.Add(changed);
            if (_end is null)
            {
                _end = new CancellationTokenSource();
                _ = RunAsync(time, unwatched, _end);
            }
        }

        return new Following(this, changed);
    }

    private async Task RunAsync(TimeProvider time, Action<string> unwatched, CancellationTokenSource end)
    {
        await Task.Yield();
        using (end)
        {
            using var noticed = new SemaphoreSlim(0, 1);
            using FileSystemWatcher? watcher = Listen(noticed, unwatched);
            string? before = null;
            while (!end.IsCancellationRequested)
            {
                string now = Look();
                if (now != before)
                {
                    before = now;
                    Tell();
                }

                await WaitAsync(noticed, time, end.Token);
            }
        }
    }

    private static async Task WaitAsync(SemaphoreSlim noticed, TimeProvider time, CancellationToken end)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(end);
        Task period = Task.Delay(Period, time, enough.Token);
        Task notified = noticed.WaitAsync(enough.Token);
        if (await Task.WhenAny(period, notified) == notified && notified.IsCompletedSuccessfully)
        {
            await Task.WhenAny(Task.Delay(s_settle, enough.Token));
        }

        await enough.CancelAsync();
        // that it was cancelled is no news
        await Task.WhenAny(Task.WhenAll(period, notified));
    }

    private string Look()
    {
        try
        {
            return folder.Fingerprint();
        }
        catch (Exception e)
        {
            // whatever it is, it is the news, and the next look is made all the same
            return e.Message;
        }
    }

    private void Tell()
    {
        Action[] followers;
        lock (_guard)
        {
            followers = [.. _followers];
        }

        Array.ForEach(followers, changed => changed());
    }

    private FileSystemWatcher? Listen(SemaphoreSlim noticed, Action<string> unwatched)
    {
        try
        {
            var watcher = new FileSystemWatcher(folder.Path);
            void Notice(object sender, FileSystemEventArgs change)
            {
                lock (watcher)
                {
                    try
                    {
                        if (noticed.CurrentCount == 0)
                        {
                            noticed.Release();
                        }
                    }
                    catch (ObjectDisposedException)
                    {
                        // nobody follows any more
                    }
                }
            }

            watcher.Changed += Notice;
            watcher.Created += Notice;
            watcher.Deleted += Notice;
            watcher.Renamed += Notice;
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception e)
        {
            // the looks find changes too
            unwatched(e.Message);
            return null;
        }
    }

    private sealed class Following(RuleFolderNews news, Action changed) : IDisposable
    {
        public void Dispose()
        {
            lock (news._guard)
            {
                if (news._followers.Remove(changed) && news._followers.Count == 0)
                {
                    news._end!.Cancel();
                    news._end = null;
                }
            }
        }
    }
}
