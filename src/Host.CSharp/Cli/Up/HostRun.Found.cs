using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Serverless.Host.Control;
using Serverless.Host.Control.Settings;

namespace Serverless.Host.Cli.Up;

/// <summary>Databases that come and go while the gateway runs.</summary>
internal sealed partial class HostRun
{
    /// <summary>First attempts to open what was found, by name.</summary>
    private readonly ConcurrentDictionary<string, (CancellationTokenSource End, Task Opening)> _opening = new(StringComparer.OrdinalIgnoreCase);

    private void AddFound(DatabaseSettings settings)
    {
        _gateway.AddDatabase(settings.Name, OptionsOf(settings, _gatewayOptions));
        try
        {
            _listeners.Add(settings);
        }
        catch
        {
            _gateway.RemoveDatabase(settings.Name);
            throw;
        }

        var end = new CancellationTokenSource();
        _opening[settings.Name] = (end, OpenFoundAsync(settings, end.Token));
    }

    private async Task OpenFoundAsync(DatabaseSettings settings, CancellationToken cancellation)
    {
        try
        {
            await Task.Yield();
            await StartAsync(settings, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // it is gone already, or the gateway ends
        }
        catch (Exception e)
        {
            _late.Add(settings, e.Message);
        }
    }

    /// <summary>No client is led to it any more; its sessions end what they are at, and are told; its compute is left as it is. What fails of it keeps nothing of the rest.</summary>
    private async Task RemoveFoundAsync(DatabaseSettings settings)
    {
        string name = settings.Name;
        await TryAsync(name, () =>
        {
            _listeners.Remove(name);
            return Task.CompletedTask;
        });
        await TryAsync(name, () => EndOpeningAsync(name));
        await TryAsync(name, () => _late.RemoveAsync(name));
        await TryAsync(name, () => _gateway.Databases[name].EndSessionsAsync(settings.Limits.DrainFor, _hurried.Token));
        await TryAsync(name, () => StopFoundAsync(name));
        await TryAsync(name, () =>
        {
            _computes.Forget(name);
            return Task.CompletedTask;
        });
        _gateway.RemoveDatabase(name);
    }

    private async Task TryAsync(string database, Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception e)
        {
            LogNotRemoved(e, database);
        }
    }

    private async Task EndOpeningAsync(string name)
    {
        if (_opening.TryRemove(name, out (CancellationTokenSource End, Task Opening) first))
        {
            await first.End.CancelAsync();
            await first.Opening;
            first.End.Dispose();
        }
    }

    private async Task StopFoundAsync(string name)
    {
        _databases.TryRemove(name, out _);
        Database? database;
        lock (_opened)
        {
            database = _opened.Find(one => one.Settings.Name == name);
            if (database is not null)
            {
                _opened.Remove(database);
            }
        }

        if (database is not null)
        {
            await using (database)
            {
                await StopAsync(database, _hurried.Token);
            }
        }
    }

    private async Task EndFindingAsync()
    {
        if (_found is null)
        {
            return;
        }

        await _found.EndAsync();
        foreach ((CancellationTokenSource end, Task opening) in _opening.Values)
        {
            await end.CancelAsync();
            await opening;
            end.Dispose();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Database} is served no more, and something of it could not be ended cleanly")]
    private partial void LogNotRemoved(Exception exception, string database);
}
