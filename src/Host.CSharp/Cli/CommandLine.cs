using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Serverless.Host.Cli.Rules;
using Serverless.Host.Cli.Up;
using Serverless.Host.Control.Settings;

namespace Serverless.Host.Cli;

/// <summary>The commands. Exit codes: 0 fine, 1 the thing asked for went wrong or is wrong, 2 the command itself was wrong, 130 it was interrupted.</summary>
public static class CommandLine
{
    public static Task<int> RunAsync(string[] args)
    {
        StandardStream.Use();
        return RunAsync(args, Console.Out, Console.Error);
    }

    internal static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        Command root = Create();
        ParseResult parsed = root.Parse(args.Length == 0 ? ["--help"] : args);
        if (parsed.Errors.Count > 0)
        {
            return Usage(parsed, error);
        }

        // Signals are `up`'s own business: it drains, which takes longer than a default would allow.
        var invocation = new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        try
        {
            return await parsed.InvokeAsync(invocation);
        }
        catch (SettingsException e)
        {
            foreach (string line in e.Message.Split('\n'))
            {
                await error.WriteLineAsync($"serverless: {line}");
            }

            return ExitCode.Usage;
        }
        catch (Exception e) when (e is CommandFailedException or OutputFailedException)
        {
            await error.WriteLineAsync($"serverless: {e.Message}");
            return ExitCode.Wrong;
        }
    }

    internal static Command Create()
    {
        var root = new Command("serverless", "A serverless front for MySQL: a database that sleeps, wakes and grows by rules, behind connections that stay.")
        {
            new HelpOption { Recursive = true },
            new VersionOption(),
            UpCommand.Create(),
            StatusCommand.Create(),
            DecisionsCommand.Create(),
            RulesCommand.Create(),
        };
        foreach (Command command in OperatorCommands.Create())
        {
            root.Add(command);
        }

        return root;
    }

    private static int Usage(ParseResult parsed, TextWriter error)
    {
        Command command = parsed.CommandResult.Command;
        var reported = new HashSet<string>(StringComparer.Ordinal);
        foreach (string token in parsed.UnmatchedTokens)
        {
            IEnumerable<string> known = token.StartsWith('-') ? OptionsOf(parsed.CommandResult) : command.Subcommands.Select(one => one.Name);
            string what = token.StartsWith('-') ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
            if (reported.Add(token))
            {
                error.WriteLine($"serverless: unknown {what} `{token}`{Nearest.Hint(token, known)}");
            }
        }

        if (reported.Count == 0)
        {
            foreach (ParseError one in parsed.Errors)
            {
                error.WriteLine($"serverless: {one.Message}");
            }
        }

        error.WriteLine($"See `{PathOf(parsed.CommandResult)} --help`.");
        return ExitCode.Usage;
    }

    private static IEnumerable<string> OptionsOf(CommandResult result) => result.Command.Options.SelectMany(option => option.Aliases.Append(option.Name));

    private static string PathOf(CommandResult result) =>
        result.Parent is CommandResult above ? $"{PathOf(above)} {result.Command.Name}" : "serverless";
}
