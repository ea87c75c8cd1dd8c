using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>
/// What attacks found, beside the rules: `.prove/POLICY.rules`, which belongs to no set. Each next attack plays it first; what has been mended is taken out.
/// </summary>
internal sealed class ProveStore
{
    private readonly string _folder;
    private readonly string[] _rules;
    private readonly TextWriter _error;

    private ProveStore(string folder, string[] rules, TextWriter error) => (_folder, _rules, _error) = (folder, rules, error);

    /// <summary>Null where the paths are several sets, which have no one place.</summary>
    public static ProveStore? Beside(string[] paths, TextWriter error)
    {
        if (paths is [var folder] && Directory.Exists(folder))
        {
            return new ProveStore(Path.Combine(folder, ".prove"), [.. RuleFiles.Find(folder)], error);
        }

        return paths.All(File.Exists) ? new ProveStore(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(paths[0]))!, ".prove"), paths, error) : null;
    }

    /// <summary>Scenarios that were found before and are broken still. One that the rules of today cannot be played with is forgotten.</summary>
    public ScenarioRun[] Broken(string policy)
    {
        string file = FileOf(policy);
        if (!File.Exists(file))
        {
            return [];
        }

        RuleSet set = RuleFiles.LoadFiles([.. _rules, file]);
        return [.. set.Suites
            .Where(suite => suite.Policy.Name == policy)
            .SelectMany(suite => suite.Scenarios.Where(scenario => scenario.Origin.File == file).Select(scenario => ScenarioRunner.Run(suite, scenario)))
            .Where(run => !run.Passed)];
    }

    /// <summary>Writes down what is broken now: what was found, and what was known of properties for which nothing new was.</summary>
    public void Keep(string policy, ProveRun run, ScenarioRun[] known)
    {
        string file = FileOf(policy);
        try
        {
            Dictionary<string, string> before = File.Exists(file) ? Blocks(File.ReadAllText(file)) : [];
            var blocks = new Dictionary<string, string>();
            foreach (ScenarioRun one in known.Where(one => before.ContainsKey(one.Title)))
            {
                blocks[one.Title] = before[one.Title];
            }

            foreach (ProveResult one in run.Results.Where(one => one.Example is not null))
            {
                foreach ((string title, string block) in Blocks(one.Example!.Scenario))
                {
                    blocks[title] = block;
                }
            }

            if (blocks.Count == 0)
            {
                File.Delete(file);
                return;
            }

            Directory.CreateDirectory(_folder);
            string text = $"# Found by `rules prove`, and played first the next time. What has been mended is taken out then.\n\npolicy {policy}\n\n{string.Join('\n', blocks.Values)}";
            File.WriteAllText(file + ".new", text);
            File.Move(file + ".new", file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _error.WriteLine($"what was found is not kept for the next time: {e.Message}");
        }
    }

    private string FileOf(string policy) => Path.Combine(_folder, policy + ".rules");

    /// <summary>Blocks as `rules prove` writes them, by their titles.</summary>
    private static Dictionary<string, string> Blocks(string text)
    {
        const string Begin = "scenario \"";
        var blocks = new Dictionary<string, string>();
        for (int at = text.IndexOf(Begin, StringComparison.Ordinal); at >= 0;)
        {
            int end = text.IndexOf("\n}\n", at, StringComparison.Ordinal);
            if (end < 0)
            {
                break;
            }

            int title = at + Begin.Length;
            blocks[text[title..text.IndexOf('"', title)]] = text[at..(end + 3)];
            at = text.IndexOf(Begin, end, StringComparison.Ordinal);
        }

        return blocks;
    }
}
