using System.Collections.Concurrent;
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

    /// <summary>No client is led to it any more; its sessions end what they are at, and are told; its compute is left as it is.</summary>
    private async Task RemoveFoundAsync(DatabaseSettings settings)
    {
        _listeners.Remove(settings.Name);
        if (_opening.TryRemove(settings.Name, out (CancellationTokenSource End, Task Opening) first))
        {
            await first.End.CancelAsync();
            await first.Opening;
            first.End.Dispose();
        }

        await _late.RemoveAsync(settings.Name);
        await _gateway.Databases[settings.Name].EndSessionsAsync(settings.Limits.DrainFor, _hurried.Token);
        _databases.TryRemove(settings.Name, out _);
        Database? database;
        lock (_opened)
        {
            database = _opened.Find(one => one.Settings.Name == settings.Name);
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

        _computes.Forget(settings.Name);
        _gateway.RemoveDatabase(settings.Name);
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
}
