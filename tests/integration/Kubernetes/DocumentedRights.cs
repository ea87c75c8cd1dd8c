using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>What docs/kubernetes.md says that the gateway's account may do in the cluster.</summary>
internal static class DocumentedRights
{
    /// <summary>The rows of the table there.</summary>
    public static IEnumerable<(string Group, string[] Resources, string[] Verbs)> Rows() => File.ReadLines(Path.Combine(Repository.Root, "docs", "kubernetes.md"))
        .SkipWhile(line => line != "## Rights").TakeWhile(line => line != "## Events").Where(line => line.StartsWith('|') && line.Contains('`', StringComparison.Ordinal))
        .Select(line => line.Split('|')).Select(cells => (cells[1].Trim(' ', '`'), Words(cells[2]), Words(cells[3])));

    /// <summary>As the rules of a Role, in JSON.</summary>
    public static string AsRules() => string.Join(", ", Rows().Select(row => $$"""{"apiGroups": ["{{row.Group}}"], "resources": [{{Quoted(row.Resources)}}], "verbs": [{{Quoted(row.Verbs)}}]}"""));

    private static string[] Words(string cell) => [.. cell.Split('`').Where((_, index) => index % 2 == 1)];

    private static string Quoted(string[] words) => string.Join(", ", words.Select(word => $"\"{word}\""));
}
