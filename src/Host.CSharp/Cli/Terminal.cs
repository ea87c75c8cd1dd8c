using Spectre.Console;

namespace Serverless.Host.Cli;

/// <summary>Tables go where the command's output goes; a pipe gets plain text, not folded to the width of a terminal that is not there.</summary>
internal static class Terminal
{
    private const int WidthOfAPipe = 400;

    public static IAnsiConsole On(TextWriter output)
    {
        bool terminal = !Console.IsOutputRedirected && ReferenceEquals(output, Console.Out);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = terminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(output),
        });
        if (!terminal)
        {
            console.Profile.Width = WidthOfAPipe;
        }

        return console;
    }
}
