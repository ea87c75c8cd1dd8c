using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Serverless.Host.Control.Policies;

namespace Serverless.Host.Control.Audit;

/// <summary>
/// Everything that a database's kernel was told, in files that each begin with the state, so that any one of them replays to the same decisions.
/// Inputs that returned the same state and began nothing are left out: without them the replay meets the same states. Written behind the loop's back.
/// </summary>
/// <param name="limit">Bytes of all files together; the oldest go first.</param>
[SuppressMessage("Design", "CA1001", Justification = "RunAsync opens the file, and closes it when it ends.")]
internal sealed partial class AuditLog(string directory, string database, long limit, ILogger<AuditLog> logger)
{
    private const int FilesKept = 8;

    /// <summary>Each start begins a file: a gateway that is restarted over and over must not fill the folder with short ones.</summary>
    public const int MostFiles = 100;

    private const int LongestQueue = 100_000;

    private readonly Channel<AuditEntry> _queue = Channel.CreateBounded<AuditEntry>(new BoundedChannelOptions(LongestQueue) { SingleReader = true });
    private volatile bool _gap;
    private StreamWriter? _file;
    private PolicySource? _rules;
    private long _number;
    private long _bytes;
    private bool _failing;

    public void Add(AuditEntry entry)
    {
        if (!_queue.Writer.TryWrite(entry))
        {
            // a disk that does not keep up: a hole would make the rest of the file a lie, so the next entry begins another one
            _gap = true;
        }
    }

    /// <summary>Writes what is added until the cancellation, and then what is left.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (await _queue.Reader.WaitToReadAsync(cancellation))
            {
                await WriteQueuedAsync();
            }
        }
        finally
        {
            await WriteQueuedAsync();
            await EndFileAsync();
        }
    }

    private async Task WriteQueuedAsync()
    {
        try
        {
            while (_queue.Reader.TryRead(out AuditEntry? entry))
            {
                await WriteAsync(entry);
            }

            if (_file is not null)
            {
                await _file.FlushAsync(CancellationToken.None);
            }

            _failing = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_failing)
            {
                LogNotWritten(directory, e.Message);
                _failing = true;
            }

            await EndFileAsync();
        }
    }

    private async Task WriteAsync(AuditEntry entry)
    {
        if (_file is null || _bytes >= limit / FilesKept || _gap || entry.IsNew)
        {
            _gap = false;
            await EndFileAsync();
            await BeginFileAsync(entry);
        }

        if (!ReferenceEquals(_rules, entry.Rules))
        {
            _rules = entry.Rules;
            await LineAsync(AuditLine.Rules(entry.Rules));
        }

        await LineAsync(AuditLine.Input(entry));
    }

    private async Task BeginFileAsync(AuditEntry entry)
    {
        Directory.CreateDirectory(directory);
        List<FileInfo> kept = [.. AuditFiles(directory).Select(path => new FileInfo(path))];
        _number = Math.Max(_number, kept.Count == 0 ? 0 : Number(kept[^1].Name)) + 1;
        long total = kept.Sum(file => file.Length);
        int count = kept.Count;
        // room for one more of full length
        foreach (FileInfo old in kept.TakeWhile(_ => total > limit - (limit / FilesKept) || count >= MostFiles))
        {
            total -= old.Length;
            count--;
            old.Delete();
        }

        string path = Path.Combine(directory, _number.ToString("D8", CultureInfo.InvariantCulture) + ".jsonl");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.Read,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        _file = new StreamWriter(path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), options);
        _bytes = 0;
        _rules = entry.RulesBefore;
        try
        {
            await LineAsync(AuditLine.Rules(entry.RulesBefore));
            await LineAsync(AuditLine.Head(database, entry.Before));
            await _file.FlushAsync(CancellationToken.None);
        }
        catch (IOException)
        {
            // without its beginning a file replays nothing; on a full disk each attempt would leave one
            await EndFileAsync();
            File.Delete(path);
            throw;
        }
    }

    private async Task LineAsync(string line)
    {
        await _file!.WriteAsync(line.AsMemory(), CancellationToken.None);
        await _file.WriteAsync('\n');
        _bytes += Encoding.UTF8.GetByteCount(line) + 1;
    }

    private async Task EndFileAsync()
    {
        if (_file is { } file)
        {
            _file = null;
            try
            {
                await file.DisposeAsync();
            }
            catch (IOException)
            {
                // what could not be written was reported when it failed first
            }
        }
    }

    /// <summary>The files of a log, the oldest first.</summary>
    public static IReadOnlyList<string> AuditFiles(string directory) =>
        Directory.Exists(directory) ? [.. Directory.EnumerateFiles(directory, "*.jsonl").Where(path => Number(Path.GetFileName(path)) > 0).Order(StringComparer.Ordinal)] : [];

    private static long Number(string name) => long.TryParse(Path.GetFileNameWithoutExtension(name), CultureInfo.InvariantCulture, out long number) ? number : 0;

    [LoggerMessage(Level = LogLevel.Error, Message = "The audit log in {Directory} cannot be written, decisions of this time will not replay: {Reason}")]
    private partial void LogNotWritten(string directory, string reason);
}
