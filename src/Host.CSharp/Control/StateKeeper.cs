using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Serverless.Core;

namespace Serverless.Host.Control;

/// <summary>
/// Keeps what a restart needs of a state. Writing happens behind the loop's back and the newest state wins, so that a wake never waits for a disk or a server.
/// </summary>
internal sealed partial class StateKeeper(IStateStore store, TimeProvider time, ILogger<StateKeeper> logger)
{
    private readonly Channel<bool> _wishes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private State? _newest;
    private string? _written;
    private long _writtenAt = time.GetTimestamp();
    private bool _failing;

    /// <summary>What was kept when it was read at the start; null: nothing that could be used.</summary>
    public string? Loaded { get; private set; }

    /// <summary>The state that was kept, read under this policy; null: there is none, or none that can be understood, and then a warning says why.</summary>
    public async Task<State?> LoadAsync(Policy policy, CancellationToken cancellation)
    {
        try
        {
            if (await store.ReadAsync(cancellation) is not { } text)
            {
                return null;
            }

            ReadResult<State> read = KernelJson.ReadState(policy, time.GetUtcNow().ToUnixTimeMilliseconds(), text);
            if (read.Ok)
            {
                Loaded = text;
                return read.Value;
            }

            LogUnreadable(store.Place, read.Error);
        }
        catch (IOException e)
        {
            LogUnreadable(store.Place, e.Message);
        }

        return null;
    }

    /// <param name="urgent">A restart would do something else without it.</param>
    public void Offer(State state, bool urgent)
    {
        Volatile.Write(ref _newest, state);
        if (urgent || time.GetElapsedTime(Volatile.Read(ref _writtenAt)) >= store.Lazily)
        {
            _wishes.Writer.TryWrite(true);
        }
    }

    /// <summary>Writes what is offered until the cancellation, and then the last once more.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach (bool _ in _wishes.Reader.ReadAllAsync(cancellation))
            {
                await WriteAsync(cancellation);
            }
        }
        finally
        {
            await WriteAsync(CancellationToken.None);
        }
    }

    private async Task WriteAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _newest) is not { } state)
        {
            return;
        }

        string text = KernelJson.WriteState(state);
        if (text == _written)
        {
            return;
        }

        try
        {
            await store.WriteAsync(text, cancellation);
            _written = text;
            _failing = false;
        }
        catch (IOException e)
        {
            if (!_failing)
            {
                LogNotWritten(store.Place, e.Message);
                _failing = true;
            }
        }

        Volatile.Write(ref _writtenAt, time.GetTimestamp());
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The state in {Path} cannot be used and is begun anew: {Reason}")]
    private partial void LogUnreadable(string path, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The state cannot be kept in {Path}, a restart would not know of it: {Reason}")]
    private partial void LogNotWritten(string path, string reason);
}
