using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Serverless.Core;

namespace Serverless.Host.Control;

/// <summary>
/// Keeps what a restart needs of a state. Writing happens behind the loop's back and the newest state wins, so that a wake never waits for a disk or a server.
/// </summary>
/// <param name="before">Where the state was kept before this gateway was one of several: read where nothing is kept in <paramref name="store"/>, and done away with once something is.</param>
internal sealed partial class StateKeeper(IStateStore store, TimeProvider time, ILogger<StateKeeper> logger, FileStateStore? before = null)
{
    /// <summary>Until what could not be written is tried again; twice as long after each failure in a row.</summary>
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);

    private readonly Channel<bool> _wishes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private Offered? _newest;
    private (string Text, string? Term) _written;
    private long _writtenAt = time.GetTimestamp();
    private bool _failing;

    /// <summary>What was kept when it was read at the start; null: nothing that could be used.</summary>
    public string? Loaded { get; private set; }

    /// <summary>The state that was kept, read under this policy; null: there is none, or none that can be understood, and then a warning says why.</summary>
    public async Task<State?> LoadAsync(Policy policy, CancellationToken cancellation)
    {
        try
        {
            if (await ReadAsync(cancellation) is not { } text)
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

    private async Task<string?> ReadAsync(CancellationToken cancellation)
    {
        if (await store.ReadAsync(cancellation) is { } text)
        {
            before?.Remove();
            return text;
        }

        string? earlier = before is null ? null : await before.ReadAsync(cancellation);
        if (earlier is not null)
        {
            LogTakenOver(store.Place, before!.Place);
        }

        return earlier;
    }

    /// <param name="urgent">A restart would do something else without it.</param>
    /// <param name="term">In which it is so, where one of several gateways leads: it is not written in another.</param>
    public void Offer(State state, bool urgent, string? term = null)
    {
        Volatile.Write(ref _newest, new Offered(state, term));
        if (urgent || time.GetElapsedTime(Volatile.Read(ref _writtenAt)) >= store.Lazily)
        {
            _wishes.Writer.TryWrite(true);
        }
    }

    /// <summary>Writes what is offered until the cancellation, and then the last once more. What could not be written is tried again, whether or not more is offered.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            TimeSpan pause = FirstRetry;
            await foreach (bool _ in _wishes.Reader.ReadAllAsync(cancellation))
            {
                if (await WriteAsync(cancellation))
                {
                    pause = FirstRetry;
                    continue;
                }

                await Task.Delay(pause, time, cancellation);
                pause = pause * 2 < LongestRetry ? pause * 2 : LongestRetry;
                _wishes.Writer.TryWrite(true);
            }
        }
        finally
        {
            await WriteAsync(CancellationToken.None);
        }
    }

    /// <returns>The newest is kept, or nothing was offered.</returns>
    private async Task<bool> WriteAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _newest) is not { } newest)
        {
            return true;
        }

        string text = KernelJson.WriteState(newest.State);
        if ((text, newest.Term) == _written)
        {
            return true;
        }

        bool isKept = false;
        try
        {
            isKept = await store.WriteAsync(text, newest.Term, cancellation);
            if (isKept)
            {
                _written = (text, newest.Term);
                _failing = false;
                before?.Remove();
            }
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
        return isKept;
    }

    private sealed record Offered(State State, string? Term);

    [LoggerMessage(Level = LogLevel.Information, Message = "Nothing is kept in {Place} yet: the state is that of {Before}, from when this gateway was alone")]
    private partial void LogTakenOver(string place, string before);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The state in {Path} cannot be used and is begun anew: {Reason}")]
    private partial void LogUnreadable(string path, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The state cannot be kept in {Path}, a restart would not know of it: {Reason}")]
    private partial void LogNotWritten(string path, string reason);
}
