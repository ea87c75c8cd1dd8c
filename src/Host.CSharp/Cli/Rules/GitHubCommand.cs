using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>A diagnostic as a workflow command, which GitHub Actions shows beside the line in a pull request.</summary>
internal static class GitHubCommand
{
    public static string From(Diagnostic found)
    {
        // A range of columns is only taken within one line.
        string columns = found.Line == found.EndLine ? $",col={found.Column},endColumn={found.EndColumn}" : "";
        return $"::{Kind(found.Severity)} file={Property(found.File)},line={found.Line},endLine={found.EndLine}{columns},title={Property(found.Code)}::{Data(found.Text)}";
    }

    private static string Kind(Severity severity) => severity switch
    {
        Severity.Error => "error",
        Severity.Warning => "warning",
        _ => "notice",
    };

    /// <summary>The percent sign first, since the others bring new ones.</summary>
    private static string Data(string text) => text
        .Replace("%", "%25", StringComparison.Ordinal)
        .Replace("\r", "%0D", StringComparison.Ordinal)
        .Replace("\n", "%0A", StringComparison.Ordinal);

    private static string Property(string text) => Data(text)
        .Replace(":", "%3A", StringComparison.Ordinal)
        .Replace(",", "%2C", StringComparison.Ordinal);
}
