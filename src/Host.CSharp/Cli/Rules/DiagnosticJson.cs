using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>A place in a file. Lines and columns count from 1, columns in UTF-16 code units as editors do; the end is exclusive.</summary>
internal sealed record RangeJson(int Line, int Column, int EndLine, int EndColumn)
{
    public static RangeJson Of(Diagnostic found) => new(found.Line, found.Column, found.EndLine, found.EndColumn);
}

/// <summary>Text that would mend a diagnostic when it stood in the range instead.</summary>
internal sealed record EditJson(RangeJson Range, string Text);

/// <summary>A diagnostic as `rules check --format json` prints it.</summary>
internal sealed record DiagnosticJson(
    string Code,
    string Severity,
    string File,
    RangeJson Range,
    string Message,
    string? Expected,
    string? Found,
    string? Mend,
    EditJson? Edit,
    string Documentation)
{
    public static DiagnosticJson From(Diagnostic found) => new(
        found.Code,
        SeverityName(found.Severity),
        found.File,
        RangeJson.Of(found),
        found.Message,
        found.Expected,
        found.Found,
        found.Mend,
        found.Replacement is { } text ? new EditJson(RangeJson.Of(found), text) : null,
        found.Documentation);

    private static string SeverityName(Serverless.Rules.Severity severity) => severity switch
    {
        Serverless.Rules.Severity.Error => "error",
        Serverless.Rules.Severity.Warning => "warning",
        _ => "info",
    };
}

/// <summary>What `rules check --format json` prints: one object for the whole set.</summary>
internal sealed record CheckJson(bool Valid, CheckedPolicyJson[] Policies, DiagnosticJson[] Diagnostics)
{
    public static CheckJson From(RuleSet set) => new(
        set.IsValid,
        [.. set.Policies.Select(policy => new CheckedPolicyJson(policy.Name, policy.Revision))],
        [.. set.Diagnostics.Select(DiagnosticJson.From)]);
}

internal sealed record CheckedPolicyJson(string Name, string Revision);
