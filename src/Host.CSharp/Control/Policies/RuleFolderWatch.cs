using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Serverless.Rules;

namespace Serverless.Host.Control.Policies;

/// <summary>
/// Watches a rule folder and tells of each whole set that compiles. One that does not changes nothing but <see cref="Error"/>.
/// <see cref="RuleFolderNews"/> says when to look, for all databases of the folder together.
/// </summary>
/// <param name="usageStaleMs">Of the compute that the policy is for; null: as the catalogue of metrics has it.</param>
internal sealed partial class RuleFolderWatch(RuleFolder folder, string? policyName, long? usageStaleMs, TimeProvider time, ILogger<RuleFolderWatch> logger)
{
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
        (PolicySource? source, _, string report, RuleSet rules) = folder.Compiled.Of(_fingerprint, files, policyName, usageStaleMs);
        Warn(rules);
        return source ?? throw new RuleFolderException($"the rule files in {folder.Path} cannot be used:\n{report}");
    }

    /// <summary>Ends with the cancellation.</summary>
    public async Task RunAsync(Action<PolicySource> changed, CancellationToken cancellation)
    {
        using IDisposable following = folder.News.Follow(() => _nudges.Writer.TryWrite(true), time, reason => LogUnwatched(folder.Path, reason));
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
            (PolicySource? source, string summary, string report, RuleSet rules) = folder.Compiled.Of(fingerprint, files, policyName, usageStaleMs);
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

    private async Task WaitAsync(CancellationToken cancellation)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        // what could not be read may be readable again with no other sign of it
        Task again = _fingerprint is null ? Task.Delay(RuleFolderNews.Period, time, enough.Token) : Task.Delay(Timeout.InfiniteTimeSpan, enough.Token);
        if (await Task.WhenAny(again, _nudges.Reader.WaitToReadAsync(enough.Token).AsTask()) != again)
        {
            _nudges.Reader.TryRead(out _);
        }

        await enough.CancelAsync();
        cancellation.ThrowIfCancellationRequested();
    }
}
