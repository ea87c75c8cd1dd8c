using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Serverless.Host.Control;
using Serverless.Host.Control.Settings;

namespace Serverless.Host.Cli.Up;

/// <summary>
/// Databases in a cluster that could not be opened while others serve: a StatefulSet that is not there, an API server that is away. They are tried again behind the others' backs, until they can be opened
/// or the gateway ends.
/// </summary>
/// <param name="start">Opens one and takes control of it.</param>
/// <param name="isForUsers">What somebody may mend, or time, while the gateway runs; anything else is not tried again.</param>
internal sealed partial class LateDatabases(Func<DatabaseSettings, CancellationToken, Task> start, Func<Exception, bool> isForUsers, ILogger logger) : IDisposable
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _end = new();
    private readonly Lock _guard = new();
    private readonly Dictionary<string, (CancellationTokenSource End, Task Opening)> _opening = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, LateDatabase> _waiting = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Those that are not opened yet, by name.</summary>
    public IReadOnlyDictionary<string, LateDatabase> Waiting => _waiting;

    /// <param name="why">Why it could not be opened.</param>
    public void Add(DatabaseSettings settings, string why)
    {
        _waiting[settings.Name] = new LateDatabase(settings.Name, TimeProvider.System.GetUtcNow(), why);
        LogNotOpened(settings.Name, why);
        lock (_guard)
        {
            var end = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
            _opening[settings.Name] = (end, OpenAsync(settings, why, end.Token));
        }
    }

    /// <summary>It is not tried any more; where it is being opened, it is under control as far as it got.</summary>
    public async Task RemoveAsync(string name)
    {
        (CancellationTokenSource End, Task Opening) removed;
        lock (_guard)
        {
            if (!_opening.Remove(name, out removed))
            {
                return;
            }
        }

        await removed.End.CancelAsync();
        await removed.Opening;
        _waiting.TryRemove(name, out _);
        removed.End.Dispose();
    }

    /// <summary>No other is opened from here on; one that is being opened is under control as far as it got.</summary>
    public async Task EndAsync()
    {
        await _end.CancelAsync();
        Task[] opening;
        lock (_guard)
        {
            opening = [.. _opening.Values.Select(one => one.Opening)];
        }

        await Task.WhenAll(opening);
    }

    public void Dispose()
    {
        foreach ((CancellationTokenSource end, _) in _opening.Values)
        {
            end.Dispose();
        }

        _end.Dispose();
    }

    private async Task OpenAsync(DatabaseSettings settings, string told, CancellationToken end)
    {
        TimeSpan pause = s_firstPause;
        while (!end.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(pause, end);
                await start(settings, end);
                _waiting.TryRemove(settings.Name, out _);
                return;
            }
            catch (OperationCanceledException) when (end.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (isForUsers(e))
            {
                if (e.Message != told)
                {
                    told = e.Message;
                    Note(settings.Name, told);
                    LogNotOpened(settings.Name, told);
                }
            }
            catch (Exception e)
            {
                Note(settings.Name, $"it is not tried again: {e.Message}");
                LogGivenUp(e, settings.Name);
                return;
            }

            pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
        }
    }

    private void Note(string database, string reason) => _waiting[database] = _waiting[database] with { Reason = reason };

    [LoggerMessage(Level = LogLevel.Error, Message = "{Database}: {Reason} The other databases serve, and it is tried again every {Seconds} s at the latest")]
    private partial void LogNotOpened(string database, string reason, double seconds);

    [LoggerMessage(Level = LogLevel.Critical, Message = "{Database} cannot be opened, and is not tried again")]
    private partial void LogGivenUp(Exception exception, string database);

    private void LogNotOpened(string database, string reason) => LogNotOpened(database, reason.EndsWith('.') ? reason : reason + ".", s_longestPause.TotalSeconds);
}
