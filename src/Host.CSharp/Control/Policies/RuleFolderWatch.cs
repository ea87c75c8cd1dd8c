using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Serverless.Rules;

namespace Serverless.Host.Control.Policies;

/// <summary>
/// Watches a rule folder and tells of each whole set that compiles. One that does not changes nothing but <see cref="Error"/>.
/// Notifications of the file system make it prompt; looking once a second makes it certain, also on mounts that notify of nothing.
/// </summary>
/// <param name="usageStaleMs">Of the compute that the policy is for; null: as the catalogue of metrics has it.</param>
internal sealed partial class RuleFolderWatch(RuleFolder folder, string? policyName, long? usageStaleMs, TimeProvider time, ILogger<RuleFolderWatch> logger)
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly Channel<bool> _nudges = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private string? _fingerprint;
    private volatile string? _error;

    /// <summary>Why the files as they are now are not in force; null: they are.</summary>
    public string? Error => _error;

    /// <summary>The set to start with.</summary>
    /// <exception cref="RuleFolderException">The files cannot be read or do not compile; the message has all errors.</exception>
    public async Task<PolicySource> LoadAsync(CancellationToken cancellation)
    {
        (_fingerprint, IReadOnlyList<RuleFile> files) = await folder.ReadAsync(cancellation);
        (PolicySource? source, _, string report) = PolicySource.Compile(files, policyName, usageStaleMs, out RuleSet rules);
        Warn(rules);
        return source ?? throw new RuleFolderException($"the rule files in {folder.Path} cannot be used:\n{report}");
    }

    /// <summary>Ends with the cancellation.</summary>
    public async Task RunAsync(Action<PolicySource> changed, CancellationToken cancellation)
    {
        using FileSystemWatcher? watcher = Listen();
        while (!cancellation.IsCancellationRequested)
        {
            await LookAsync(changed, cancellation);
            await WaitAsync(cancellation);
        }
    }

    private async Task LookAsync(Action<PolicySource> changed, CancellationToken cancellation)
    {
        try
        {
            if (folder.Fingerprint() == _fingerprint)
            {
                return;
            }

            (string fingerprint, IReadOnlyList<RuleFile> files) = await folder.ReadAsync(cancellation);
            _fingerprint = fingerprint;
            (PolicySource? source, string summary, string report) = PolicySource.Compile(files, policyName, usageStaleMs, out RuleSet rules);
            if (source is null)
            {
                Fail(summary, report);
                return;
            }

            _error = null;
            Warn(rules);
            LogTaken(source.Policy.Name, source.Policy.Revision, folder.Path);
            changed(source);
        }
        catch (Exception e) when (e is RuleFolderException or IOException or UnauthorizedAccessException)
        {
            _fingerprint = null;
            Fail(e.Message, e.Message);
        }
    }

    private void Fail(string summary, string report)
    {
        if (_error != summary)
        {
            _error = summary;
            LogRejected(folder.Path, report);
        }
    }

    private void Warn(RuleSet rules)
    {
        foreach (Diagnostic warning in rules.Diagnostics.Where(one => one.Severity == Severity.Warning))
        {
            LogWarning(warning.ToString());
        }
    }

    private FileSystemWatcher? Listen()
    {
        try
        {
            var watcher = new FileSystemWatcher(folder.Path);
            void Nudge(object sender, FileSystemEventArgs change) => _nudges.Writer.TryWrite(true);
            watcher.Changed += Nudge;
            watcher.Created += Nudge;
            watcher.Deleted += Nudge;
            watcher.Renamed += Nudge;
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception e) when (e is IOException or ArgumentException)
        {
            LogUnwatched(folder.Path, e.Message);
            return null;
        }
    }

    private async Task WaitAsync(CancellationToken cancellation)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task period = Task.Delay(Period, time, enough.Token);
        Task nudged = _nudges.Reader.WaitToReadAsync(enough.Token).AsTask();
        if (await Task.WhenAny(period, nudged) == nudged && nudged.IsCompletedSuccessfully)
        {
            // an editor writes in several steps, a swap renames several links: one look after all of them
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellation);
            _nudges.Reader.TryRead(out _);
        }

        await enough.CancelAsync();
        cancellation.ThrowIfCancellationRequested();
    }
}
