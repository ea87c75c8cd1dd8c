using System.Reflection;
using System.Text.Json.Serialization;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>
/// Diagnostics in the Static Analysis Results Interchange Format 2.1.0 (OASIS, sarif-v2.1.0), which code hosts and editors read.
/// Only what the standard has; objects are named after its sections.
/// </summary>
internal sealed record SarifLog([property: JsonPropertyName("$schema")] string Schema, string Version, SarifRun[] Runs)
{
    private const string SchemaUri = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

    public static SarifLog From(RuleSet set)
    {
        string[] codes = [.. set.Diagnostics.Select(found => found.Code).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        SarifRule[] rules = [.. codes.Select(code => SarifRule.From(set.Diagnostics.First(found => found.Code == code)))];
        string version = Assembly.GetExecutingAssembly().GetName().Version?.ToString(3) ?? "0.0.0";
        var tool = new SarifTool(new SarifComponent("serverless", version, rules));
        return new("2.1.0", tool, [.. set.Diagnostics.Select(found => SarifResult.From(found, Array.IndexOf(codes, found.Code)))]);
    }

    private SarifLog(string version, SarifTool tool, SarifResult[] results)
        : this(SchemaUri, version, [new SarifRun(tool, results, "utf16CodeUnits")])
    {
    }
}

internal sealed record SarifRun(SarifTool Tool, SarifResult[] Results, string ColumnKind);

internal sealed record SarifTool(SarifComponent Driver);

internal sealed record SarifComponent(string Name, string Version, SarifRule[] Rules);

/// <summary>A reportingDescriptor.</summary>
internal sealed record SarifRule(string Id, SarifText Help, SarifConfiguration DefaultConfiguration)
{
    public static SarifRule From(Diagnostic found) =>
        new(found.Code, new($"Explained in {found.Documentation}"), new(SarifResult.LevelOf(found.Severity)));
}

internal sealed record SarifConfiguration(string Level);

internal sealed record SarifText(string Text);

internal sealed record SarifResult(string RuleId, int RuleIndex, string Level, SarifText Message, SarifLocation[] Locations, SarifFix[]? Fixes)
{
    public static SarifResult From(Diagnostic found, int rule)
    {
        var file = SarifFile.Of(found.File);
        var region = new SarifRegion(found.Line, found.Column, found.EndLine, found.EndColumn);
        SarifFix[]? fixes = found.Replacement is { } text
            ? [new(new(found.Mend ?? $"write {text}"), [new(file, [new(region, new(text))])])]
            : null;
        return new(found.Code, rule, LevelOf(found.Severity), new(found.Text), [new(new(file, region))], fixes);
    }

    public static string LevelOf(Severity severity) => severity switch
    {
        Severity.Error => "error",
        Severity.Warning => "warning",
        _ => "note",
    };
}

internal sealed record SarifLocation(SarifPhysicalLocation PhysicalLocation);

internal sealed record SarifPhysicalLocation(SarifFile ArtifactLocation, SarifRegion Region);

/// <summary>An artifactLocation. A relative path stays relative: it counts from the root of the sources.</summary>
internal sealed record SarifFile(string Uri)
{
    public static SarifFile Of(string path) =>
        new((Path.IsPathRooted(path) ? "file://" : "") + string.Join('/', path.Split('/').Select(System.Uri.EscapeDataString)));
}

internal sealed record SarifRegion(int StartLine, int StartColumn, int EndLine, int EndColumn);

internal sealed record SarifFix(SarifText Description, SarifChange[] ArtifactChanges);

internal sealed record SarifChange(SarifFile ArtifactLocation, SarifReplacement[] Replacements);

internal sealed record SarifReplacement(SarifRegion DeletedRegion, SarifText InsertedContent);
