using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Serverless.Core;
using Serverless.Host.Gateway.Authentication;

namespace Serverless.Host.Control;

/// <summary>
/// Keeps on disk what a restart needs of a state. Writing happens behind the loop's back and the newest state wins, so that a wake never waits for a disk.
/// </summary>
internal sealed partial class StateKeeper(string path, TimeProvider time, ILogger<StateKeeper> logger)
{
    /// <summary>Changes that matter little (a sample, a timer) are written this often at most.</summary>
    private static readonly TimeSpan Lazily = TimeSpan.FromSeconds(5);

    private readonly Channel<bool> _wishes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private State? _newest;
    private string? _written;
    private long _writtenAt = time.GetTimestamp();
    private bool _failing;

    /// <summary>The state that was kept, read under this policy; null: there is none, or none that can be understood, and then a warning says why.</summary>
    public async Task<State?> LoadAsync(Policy policy, CancellationToken cancellation)
    {
        try
        {
            ReadResult<State> read = KernelJson.ReadState(policy, time.GetUtcNow().ToUnixTimeMilliseconds(), await File.ReadAllTextAsync(path, cancellation));
            if (read.Ok)
            {
                return read.Value;
            }

            LogUnreadable(path, read.Error);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // the first start on this directory
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogUnreadable(path, e.Message);
        }

        return null;
    }

    /// <param name="urgent">A restart would do something else without it.</param>
    public void Offer(State state, bool urgent)
    {
        Volatile.Write(ref _newest, state);
        if (urgent || time.GetElapsedTime(Volatile.Read(ref _writtenAt)) >= Lazily)
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
                Write();
            }
        }
        finally
        {
            Write();
        }
    }

    private void Write()
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
            PrivateFile.Replace(path, Encoding.UTF8.GetBytes(text));
            _written = text;
            _failing = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_failing)
            {
                LogNotWritten(path, e.Message);
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
