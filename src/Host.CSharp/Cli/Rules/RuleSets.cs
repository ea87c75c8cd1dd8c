using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>The rule sets that a command is given by their paths: each folder is one, and all files together are one.</summary>
internal static class RuleSets
{
    /// <summary>Null, with what is wrong written and the exit code, where they cannot be used.</summary>
    public static PlacedRules[]? Load(string[] paths, string consequence, TextWriter output, TextWriter error, out int exit)
    {
        exit = ExitCode.Fine;
        foreach (string path in paths.Where(path => !File.Exists(path) && !Directory.Exists(path)))
        {
            error.WriteLine($"{path}: there is no such file or folder");
            exit = ExitCode.Usage;
        }

        if (exit != ExitCode.Fine)
        {
            return null;
        }

        PlacedRules[] sets = [.. Read(paths)];
        foreach (PlacedRules one in sets.Where(one => !one.Set.IsValid))
        {
            output.WriteLine(one.Set.Render());
            exit = ExitCode.Wrong;
        }

        if (exit == ExitCode.Fine)
        {
            return sets;
        }

        output.WriteLine(consequence);
        return null;
    }

    private static IEnumerable<PlacedRules> Read(string[] paths)
    {
        foreach (string folder in paths.Where(Directory.Exists).DistinctBy(path => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))))
        {
            yield return new PlacedRules(folder, IsFolder: true, [.. RuleFiles.Find(folder)], RuleFiles.Load(folder));
        }

        string[] files = [.. paths.Where(File.Exists)];
        if (files.Length > 0)
        {
            yield return new PlacedRules(string.Join(", ", files), IsFolder: false, files, RuleFiles.LoadFiles(files));
        }
    }
}

/// <summary>A rule set, and the folder or the files that it is from, as they were named.</summary>
internal sealed record PlacedRules(string Path, bool IsFolder, IReadOnlyList<string> Files, RuleSet Set);
