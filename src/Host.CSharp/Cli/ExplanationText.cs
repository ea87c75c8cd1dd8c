using Spectre.Console;

namespace Serverless.Host.Cli;

/// <summary>An explanation for people: a heading, and below it a line for each thing to say.</summary>
internal static class ExplanationText
{
    public static void Write(TextWriter output, string heading, IReadOnlyList<string> lines)
    {
        IAnsiConsole console = Terminal.On(output);
        console.Write(new Text(heading + "\n", new Style(decoration: Decoration.Bold)));
        foreach (string line in lines)
        {
            console.Write(new Padder(new Text(line, Emphasis(line)), new Padding(2, 0, 0, 0)));
        }
    }

    /// <summary>What comes next is what one looks for; what was held back and what is wrong stand out.</summary>
    private static Style Emphasis(string line) =>
        line.StartsWith("next change", StringComparison.Ordinal) ? new Style(Color.Green)
        : line.StartsWith("warning", StringComparison.Ordinal) || line.StartsWith("held statements", StringComparison.Ordinal) ? new Style(Color.Yellow)
        : Style.Plain;
}
