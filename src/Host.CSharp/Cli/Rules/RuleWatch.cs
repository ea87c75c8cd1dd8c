using System.Globalization;
using System.Text;
using Serverless.Host.Control.Policies;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>Waits until rule files change: one is written, comes, goes, or a link on the way to it leads elsewhere, as a swapped mount does.</summary>
internal sealed class RuleWatch(IReadOnlyList<string> paths, TimeProvider time)
{
    /// <summary>Looking is cheap, and certain on mounts that notify of nothing.</summary>
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(300);

    private string _seen = "";

    /// <summary>What is there now is no change later.</summary>
    public void Look() => _seen = Fingerprint();

    /// <summary>Until what was looked at last is another, and stays as it is for a moment: an editor writes in several steps.</summary>
    public async Task ChangedAsync(CancellationToken cancellation)
    {
        string before = _seen;
        while (true)
        {
            await Task.Delay(s_period, time, cancellation);
            string now = Fingerprint();
            if (now != _seen && now == before)
            {
                return;
            }

            before = now;
        }
    }

    private string Fingerprint()
    {
        var text = new StringBuilder();
        foreach (string path in paths)
        {
            foreach (string file in Files(path))
            {
                text.Append(CultureInfo.InvariantCulture, $"{file}\n{Stamp(file)}\n");
            }
        }

        return text.ToString();
    }

    private static IReadOnlyList<string> Files(string path)
    {
        try
        {
            return Directory.Exists(path) ? RuleFiles.Find(path) : [path];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // it went away, or is being swapped: which is another thing than what was there
            return [];
        }
    }

    private static string Stamp(string file)
    {
        try
        {
            var real = new FileInfo(RealPath.Of(file));
            return real.Exists ? string.Create(CultureInfo.InvariantCulture, $"{real.FullName} {real.LastWriteTimeUtc.Ticks} {real.Length}") : "gone";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }
}
