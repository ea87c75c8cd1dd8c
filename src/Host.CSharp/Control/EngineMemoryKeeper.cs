using System.Collections.Frozen;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Serverless.Host.Compute;
using Serverless.Host.Gateway;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Mysql;

namespace Serverless.Host.Control;

/// <summary>
/// Keeps what the gateway knows of an engine (accounts, profile) in step with it: read after a start, after a statement that changes
/// accounts, now and then while it runs, and before it sleeps; given to the gateway, and kept on disk.
/// </summary>
/// <param name="shared">Where it is kept for other gateways too; null: nowhere.</param>
internal sealed partial class EngineMemoryKeeper(
    IGatewayDatabase gateway, ICompute compute, AccountStore store, ISharedMemory? shared, TimeProvider time, ILogger<EngineMemoryKeeper> logger) : IDisposable
{
    /// <summary>Variables that are of the connection that asked, and another's each time.</summary>
    private static readonly FrozenSet<string> OfAConnection = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "pseudo_thread_id", "timestamp", "rand_seed1", "rand_seed2", "error_count", "warning_count", "statement_id", "last_gtid", "gtid_binlog_pos", "gtid_binlog_state", "gtid_current_pos", "gtid_executed");

    /// <summary>Variables that the gateway sets itself, with a size or before a stop: they stand as they happen to when it reads them.</summary>
    private static readonly FrozenSet<string> OfTheGateway = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "innodb_buffer_pool_size", "innodb_buffer_pool_dump_at_shutdown", "innodb_max_dirty_pages_pct", "innodb_max_dirty_pages_pct_lwm");

    private static readonly TimeSpan SharingPause = TimeSpan.FromMinutes(1);

    /// <summary>Statements that change accounts come in batches (CREATE USER, GRANT, GRANT): one reading after the last of them.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(100);

    private readonly Channel<bool> _wishes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Channel<bool> _sharing = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly SemaphoreSlim _turn = new(1, 1);
    private EngineMemory? _known;
    private bool _isShared;

    /// <summary>Clients can be greeted and authenticated.</summary>
    public bool IsKnown => Volatile.Read(ref _known)?.Profile is not null;

    /// <summary>Takes what was kept of an earlier run, or by another gateway.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        EngineMemory? kept = store.Load() ?? await LoadSharedAsync(cancellation);
        if (kept is { Profile: { } profile })
        {
            Volatile.Write(ref _known, kept);
            gateway.UseProfile(profile);
            gateway.UseAccounts(kept.Accounts);
        }
    }

    /// <summary>Reads it now, from a compute that serves.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            // The accounts first: what a login waits for is known as of when they were read, and that is so of the variables that decide about it too.
            AccountSnapshot accounts = await compute.ReadAccountsAsync(cancellation);
            ServerProfile profile = await compute.ReadProfileAsync(cancellation);
            gateway.UseProfile(profile);
            gateway.UseAccounts(accounts);
            EngineMemory? before = Volatile.Read(ref _known);
            var now = new EngineMemory(accounts, profile);
            Volatile.Write(ref _known, now);
            if (WhatChanged(before, now) is { } changed)
            {
                LogKept(gateway.Name, changed);
                await Task.Run(() => store.Save(now), cancellation);
                Volatile.Write(ref _isShared, false);
            }

            if (!Volatile.Read(ref _isShared))
            {
                _sharing.Writer.TryWrite(true);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public void RefreshSoon() => _wishes.Writer.TryWrite(true);

    /// <summary>Reads it whenever somebody wished for it and the compute serves, and keeps it for others. Ends with the cancellation.</summary>
    public Task RunAsync(CancellationToken cancellation) => Task.WhenAll(ReadAsync(cancellation), ShareAsync(cancellation));

    private async Task<EngineMemory?> LoadSharedAsync(CancellationToken cancellation)
    {
        if (shared is null)
        {
            return null;
        }

        try
        {
            EngineMemory? kept = await shared.ReadAsync(cancellation);
            Volatile.Write(ref _isShared, kept is not null);
            if (kept is not null)
            {
                await Task.Run(() => store.Save(kept), cancellation);
            }

            return kept;
        }
        catch (IOException e)
        {
            LogNotFound(gateway.Name, shared.Place, e.Message);
            return null;
        }
    }

    /// <summary>Nobody waits for it: a compute that was started serves before its accounts are kept elsewhere.</summary>
    private async Task ShareAsync(CancellationToken cancellation)
    {
        if (shared is null)
        {
            return;
        }

        await foreach (bool _ in _sharing.Reader.ReadAllAsync(cancellation))
        {
            Volatile.Write(ref _isShared, true);
            try
            {
                await shared.WriteAsync(Volatile.Read(ref _known)!, cancellation);
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                Volatile.Write(ref _isShared, false);
                LogNotShared(gateway.Name, shared.Place, e.Message);
                await Task.Delay(SharingPause, time, cancellation);
                _sharing.Writer.TryWrite(true);
            }
        }
    }

    private async Task ReadAsync(CancellationToken cancellation)
    {
        await foreach (bool _ in _wishes.Reader.ReadAllAsync(cancellation))
        {
            await Task.Delay(Settle, time, cancellation);
            try
            {
                await RefreshAsync(cancellation);
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                // a compute that went to sleep or crashed meanwhile is read again when it is back
                LogNotRead(gateway.Name, e.Message);
            }
        }
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>What is another than it was, in words; null: nothing, and keeping it again would only wear what it is kept on.</summary>
    internal static string? WhatChanged(EngineMemory? before, EngineMemory now)
    {
        if (before?.Profile is not { } was)
        {
            return "all of it";
        }

        ServerProfile profile = now.Profile!;
        if (!before.Accounts.Accounts.SequenceEqual(now.Accounts.Accounts))
        {
            return "accounts";
        }

        return (was.Version, was.Capabilities, was.DefaultCollationId, was.Variables.Count) != (profile.Version, profile.Capabilities, profile.DefaultCollationId, profile.Variables.Count)
            ? "the server"
            : was.Variables.FirstOrDefault(one => !OfAConnection.Contains(one.Key) && !OfTheGateway.Contains(one.Key) && profile.Variables.GetValueOrDefault(one.Key) != one.Value).Key;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: {Place} cannot be read, and the database is woken once to read its accounts: {Reason}")]
    private partial void LogNotFound(string database, string place, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: its accounts are not kept for other gateways in {Place}, and that is tried again in a minute: {Reason}")]
    private partial void LogNotShared(string database, string place, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: what is known of its engine is kept; new is {What}")]
    private partial void LogKept(string database, string what);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Database}: its accounts could not be read now: {Reason}")]
    private partial void LogNotRead(string database, string reason);
}
