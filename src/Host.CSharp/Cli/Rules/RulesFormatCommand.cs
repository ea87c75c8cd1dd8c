using System.CommandLine;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>
/// `serverless rules fmt [PATHS…]`: writes rule files in their canonical layout. A file that does not parse is left as it is and reported.
/// Exit 0 when all are formatted, 1 when one is not (or with --check would not be), 2 when there is nothing to format.
/// </summary>
internal static class RulesFormatCommand
{
    private const string StandardInput = "-";

    public static Command Create()
    {
        var paths = new Argument<string[]>("paths")
        {
            Description = "Folders of rule files, and rule files; - reads standard input and writes standard output",
            Arity = ArgumentArity.ZeroOrMore,
            DefaultValueFactory = _ => ["rules"],
        };
        var check = new Option<bool>("--check") { Description = "Write nothing; print the files that would change, and exit with 1 if there are any" };
        var diff = new Option<bool>("--diff") { Description = "Write nothing; print what would change" };
        var command = new Command("fmt", "Write rule files in their canonical layout") { paths, check, diff };
        command.SetAction(parsed =>
        {
            var run = new FormatRun(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error, parsed.GetValue(check), parsed.GetValue(diff));
            string[] given = parsed.GetRequiredValue(paths);
            return given is [StandardInput] ? run.Stream(Console.OpenStandardInput()) : Run(given, run, parsed.InvocationConfiguration.Error);
        });
        return command;
    }

    private static int Run(string[] paths, FormatRun run, TextWriter error)
    {
        bool missing = false;
        foreach (string path in paths)
        {
            if (path == StandardInput)
            {
                error.WriteLine("expected `-` alone: standard input is formatted to standard output");
                return ExitCode.Usage;
            }

            if (!File.Exists(path) && !Directory.Exists(path))
            {
                error.WriteLine($"{path}: there is no such file or folder");
                missing = true;
            }
        }

        return missing ? ExitCode.Usage : run.Files(paths.SelectMany(path => Directory.Exists(path) ? RuleFiles.Find(path) : [path]));
    }
}
