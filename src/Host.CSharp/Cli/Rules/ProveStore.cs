using System.Security.Cryptography;
using System.Text;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>
/// What attacks found, beside the rules: a file for each, `.prove/POLICY@PROPERTY.rules`, of the files of a set that is no folder with their names before it. They belong to no set. Each next attack
/// plays them first; what has been mended is taken out, and what cannot be played is kept and told.
/// </summary>
internal sealed class ProveStore
{
    private const string Begin = "scenario \"";
    private const string Kept = "kept: ";
    private const int MostName = 80;

    private readonly PlacedRules _rules;
    private readonly string _folder;
    private readonly string _prefix;
    private readonly TextWriter _error;

    public ProveStore(PlacedRules rules, TextWriter error)
    {
        (_rules, _error) = (rules, error);
        string folder = rules.IsFolder ? rules.Path : Path.GetDirectoryName(Path.GetFullPath(rules.Files[0]))!;
        _folder = Path.Combine(folder, ".prove");
        _prefix = rules.IsFolder ? "" : NameOf(rules.Files) + '@';
    }

    /// <summary>What was found before and is broken still. What is not any more, or is no property any more, is forgotten.</summary>
    public IReadOnlyList<KnownBreach> Broken(Suite suite)
    {
        var broken = new List<KnownBreach>();
        Dictionary<string, string> subjects = Prover.Subjects(suite).ToDictionary(name => FileOf(suite.Policy.Name, name), StringComparer.Ordinal);
        foreach (string file in Files(suite.Policy.Name))
        {
            if (!subjects.TryGetValue(file, out string? name))
            {
                Forget(file);
            }
            else if (Play(suite.Policy.Name, file) is { } found)
            {
                if (found.Contains(name))
                {
                    broken.Add(new KnownBreach(name, file));
                }
                else
                {
                    Forget(file);
                }
            }
        }

        return broken;
    }

    /// <summary>Keeps what was found.</summary>
    public void Keep(ProveRun run)
    {
        foreach (ProveResult one in run.Results.Where(one => one.Example is not null))
        {
            try
            {
                Directory.CreateDirectory(_folder);
                // a title of its own: the block may have been pasted into the rules
                string block = one.Example!.Scenario.Replace(Begin, Begin + Kept, StringComparison.Ordinal);
                ReplacedFile.Write(FileOf(run.Policy, one.Name), $"# Found by `rules prove`, and played first the next time. It goes when it is mended.\n\npolicy {run.Policy}\n\n{block}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _error.WriteLine($"{run.Policy}: what breaks {one.Name} is not kept for the next time: {e.Message}");
            }
        }
    }

    /// <summary>Null, with what is wrong written: it cannot be played.</summary>
    private IReadOnlyList<string>? Play(string policy, string file)
    {
        RuleSet set = RuleFiles.LoadFiles([.. _rules.Files, file]);
        Suite? suite = set.Suites.FirstOrDefault(suite => suite.Policy.Name == policy);
        if (suite?.Scenarios.FirstOrDefault(scenario => scenario.Origin.File == file) is { } life)
        {
            return Prover.BrokenIn(suite, life);
        }

        Diagnostic? why = set.Diagnostics.FirstOrDefault(one => one.File == file && one.Severity == Severity.Error);
        _error.WriteLine($"{file}: cannot be played with these rules, and is kept: {why?.Message ?? "it has no scenario of this policy"}; mend it or delete it");
        return null;
    }

    private string[] Files(string policy)
    {
        string begin = $"{_prefix}{policy}@";
        // What has one more part to its name is of a set of files.
        bool IsOwn(string name) => name.StartsWith(begin, StringComparison.Ordinal) && !name[begin.Length..].Contains('@', StringComparison.Ordinal);
        try
        {
            return Directory.Exists(_folder) ? [.. Directory.GetFiles(_folder, "*.rules").Where(file => IsOwn(Path.GetFileName(file))).Order(StringComparer.Ordinal)] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _error.WriteLine($"{_folder}: what was found before is not tried: {e.Message}");
            return [];
        }
    }

    private string FileOf(string policy, string subject) => Path.Combine(_folder, $"{_prefix}{policy}@{subject.Replace(' ', '-')}.rules");

    /// <summary>Of all files, whatever their order; where these are too many for the name of a file, of the first with a sum of all.</summary>
    private static string NameOf(IEnumerable<string> files)
    {
        string[] names = [.. files.Select(file => Path.GetFileNameWithoutExtension(file)).Distinct().Order(StringComparer.Ordinal)];
        string joined = string.Join('+', names);
        return joined.Length <= MostName ? joined : $"{names[0]}+{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(joined)))[..12]}";
    }

    private void Forget(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _error.WriteLine($"{file}: it is mended, and cannot be deleted: {e.Message}");
        }
    }
}

/// <summary>What an earlier attack found, and is broken still.</summary>
/// <param name="Name">The property or law.</param>
/// <param name="File">What breaks it.</param>
internal sealed record KnownBreach(string Name, string File);
