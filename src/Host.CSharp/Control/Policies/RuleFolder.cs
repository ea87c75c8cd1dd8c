using System.Globalization;
using System.Text;
using Serverless.Rules;

namespace Serverless.Host.Control.Policies;

/// <summary>
/// Reads the rule files of a folder as one set. A ConfigMap mount swaps a symbolic link under the files, so what tells a change is where
/// each file really is, when it was written and how long it is.
/// </summary>
internal sealed class RuleFolder
{
    private const long LongestFile = 4 << 20;
    private const int MostFiles = 1000;

    private readonly string _path;

    public RuleFolder(string path)
    {
        _path = path;
        News = new RuleFolderNews(this);
    }

    public string Path => _path;

    /// <summary>Of changes to it.</summary>
    public RuleFolderNews News { get; }

    /// <summary>Made of its files.</summary>
    public CompiledRules Compiled { get; } = new();

    /// <summary>The files in the order of their names. A set that changes while it is read is read again.</summary>
    /// <exception cref="RuleFolderException">The folder or a file cannot be read, or there is none.</exception>
    public async Task<(string Fingerprint, IReadOnlyList<RuleFile> Files)> ReadAsync(CancellationToken cancellation)
    {
        const int Attempts = 5;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                string before = Fingerprint();
                var files = new List<RuleFile>();
                foreach (string file in List())
                {
                    files.Add(new RuleFile(System.IO.Path.GetFileName(file), await File.ReadAllTextAsync(file, Encoding.UTF8, cancellation)));
                }

                if (before == Fingerprint())
                {
                    return (before, files);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException && attempt == Attempts)
            {
                throw new RuleFolderException($"the rule folder {_path} cannot be read: {e.Message}", e);
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException && Directory.Exists(_path))
            {
                // it was swapped between listing and reading
            }

            if (attempt == Attempts)
            {
                throw new RuleFolderException($"the rule folder {_path} changes faster than it can be read");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellation);
        }
    }

    /// <summary>Changes when a file of the set does.</summary>
    /// <exception cref="RuleFolderException">The folder is not there, or has no rule files.</exception>
    public string Fingerprint()
    {
        var text = new StringBuilder();
        foreach (string file in List())
        {
            var real = new FileInfo(RealPath.Of(file));
            if (!real.Exists)
            {
                throw new FileNotFoundException($"{file} is gone");
            }

            if (real.Length > LongestFile)
            {
                throw new RuleFolderException($"the rule file {file} has {real.Length} bytes; the longest that is read has {LongestFile}");
            }

            text.Append(CultureInfo.InvariantCulture, $"{file}\n{real.FullName}\n{real.LastWriteTimeUtc.Ticks}\n{real.Length}\n");
        }

        return text.ToString();
    }

    private string[] List()
    {
        if (!Directory.Exists(_path))
        {
            throw new RuleFolderException($"the rule folder {_path} does not exist; name it with --rules, or `policy` in the configuration");
        }

        string[] files = [.. Directory.EnumerateFiles(_path, "*.rules").Where(file => !System.IO.Path.GetFileName(file).StartsWith('.')).Order(StringComparer.Ordinal)];
        return files.Length switch
        {
            0 => throw new RuleFolderException($"the rule folder {_path} has no file that ends in .rules"),
            > MostFiles => throw new RuleFolderException($"the rule folder {_path} has {files.Length} rule files; at most {MostFiles} are read"),
            _ => files,
        };
    }
}

/// <summary>The rule files cannot be read; the message is for the user.</summary>
public sealed class RuleFolderException : Exception
{
    public RuleFolderException()
    {
    }

    public RuleFolderException(string message)
        : base(message)
    {
    }

    public RuleFolderException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
