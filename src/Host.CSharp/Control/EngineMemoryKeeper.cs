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
internal sealed partial class EngineMemoryKeeper(
    IGatewayDatabase gateway, ICompute compute, AccountStore store, TimeProvider time, ILogger<EngineMemoryKeeper> logger) : IDisposable
{
    /// <summary>Statements that change accounts come in batches (CREATE USER, GRANT, GRANT): one reading after the last of them.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(100);

    private readonly Channel<bool> _wishes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly SemaphoreSlim _turn = new(1, 1);
    private EngineMemory? _known;

    /// <summary>Clients can be greeted and authenticated.</summary>
    public bool IsKnown => Volatile.Read(ref _known)?.Profile is not null;

    /// <summary>Takes what was kept of an earlier run.</summary>
    public void Load()
    {
        if (store.Load() is { Profile: { } profile } kept)
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
            if (before?.Profile is null || !Same(before, now))
            {
                await Task.Run(() => store.Save(now), cancellation);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public void RefreshSoon() => _wishes.Writer.TryWrite(true);

    /// <summary>Reads it whenever somebody wished for it and the compute serves. Ends with the cancellation.</summary>
    public async Task RunAsync(CancellationToken cancellation)
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

    /// <summary>Whether keeping it again would only wear the disk.</summary>
    private static bool Same(EngineMemory a, EngineMemory b) =>
        a.Accounts.Accounts.SequenceEqual(b.Accounts.Accounts)
        && a.Profile!.Version == b.Profile!.Version
        && a.Profile.Capabilities == b.Profile.Capabilities
        && a.Profile.DefaultCollationId == b.Profile.DefaultCollationId
        && a.Profile.Variables.Count == b.Profile.Variables.Count
        && a.Profile.Variables.All(one => b.Profile.Variables.TryGetValue(one.Key, out string? value) && value == one.Value);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Database}: its accounts could not be read now: {Reason}")]
    private partial void LogNotRead(string database, string reason);
}
