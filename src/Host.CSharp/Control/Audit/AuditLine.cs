using System.Globalization;
using System.Text;
using System.Text.Json;
using Serverless.Core;
using Serverless.Host.Control.Policies;
using Serverless.Rules;

namespace Serverless.Host.Control.Audit;

/// <summary>
/// The lines of an audit file, one JSON object each: first `rules` (the rule files, and again when
/// they change), then `head` (the state, everything in it), then for each input that changed
/// anything `input`, with the `decision` it led to where that says something.
/// </summary>
internal static class AuditLine
{
    /// <summary>Of what is written. Before 2 each sample was an input of its own.</summary>
    public const int Version = 2;

    public static string Head(string database, State state) =>
        $$$"""{"head":{"version":{{{Version}}},"database":{{{Text(database)}}},"state":{{{KernelJson.WriteFullState(state)}}}}}""";

    public static string Rules(PolicySource source)
    {
        var line = new StringBuilder($$"""{"rules":{"policy":{{Text(source.Policy.Name)}},"revision":{{Text(source.Policy.Revision)}},"files":[""");
        string separator = "";
        foreach (RuleFile file in source.Files)
        {
            line.Append(separator).Append($$"""{"name":{{Text(file.Name)}},"text":{{Text(file.Text)}}}""");
            separator = ",";
        }

        line.Append(']');
        if (source.UsageStaleMs is { } stale)
        {
            line.Append(CultureInfo.InvariantCulture, $",\"usageStaleMs\":{stale}");
        }

        return line.Append("}}").ToString();
    }

    public static string Input(AuditEntry entry)
    {
        string input = KernelJson.WriteInput(entry.Input);
        return IsQuiet(entry.Decision) ? $$$"""{"input":{{{input}}}}""" : $$$"""{"input":{{{input}}},"decision":{{{KernelJson.WriteDecision(entry.Decision)}}}}""";
    }

    /// <summary>It says nothing that is worth the room; a replay must be quiet there too.</summary>
    public static bool IsQuiet(Decision decision) =>
        decision.Effect.IsNone && decision.Reasons.IsEmpty && decision.Blocked.IsEmpty && decision.Warnings.IsEmpty && decision.RefuseHeld is null;

    private static string Text(string text) => $"\"{JsonEncodedText.Encode(text)}\"";
}
