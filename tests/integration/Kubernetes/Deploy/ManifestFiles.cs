using System.Globalization;
using System.Text.Json.Nodes;
using Serverless.Tests.Integration.Support;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Serverless.Tests.Integration.Kubernetes.Deploy;

/// <summary>What is shipped in `deploy/kubernetes`, as the objects that the files say.</summary>
internal static class ManifestFiles
{
    private const string Kustomization = "kustomization.yaml";

    public static string Folder { get; } = Path.Combine(Repository.Root, "deploy", "kubernetes");

    /// <summary>Relative to the folder. Kustomizations say what becomes of the others and are none themselves.</summary>
    public static IEnumerable<string> Manifests() => All("*.yaml").Where(file => Path.GetFileName(file) != Kustomization);

    public static IEnumerable<string> Kustomizations() => All(Kustomization);

    /// <summary>The objects of a file, one or more.</summary>
    public static IReadOnlyList<JsonObject> Read(string file) => Parse(File.ReadAllText(Path.Combine(Folder, file)));

    /// <summary>The only object of this kind in a file.</summary>
    public static JsonObject Read(string file, string kind) => Read(file).Single(one => (string?)one["kind"] == kind);

    public static IReadOnlyList<JsonObject> Parse(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        // read again as JSON, so that a number can be had as any type that holds it
        return [.. stream.Documents.Select(document => JsonNode.Parse(Convert(document.RootNode)!.ToJsonString())!.AsObject())];
    }

    private static IEnumerable<string> All(string pattern) =>
        Directory.EnumerateFiles(Folder, pattern, SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Folder, file)).Order(StringComparer.Ordinal);

    private static JsonNode? Convert(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(pair => KeyValuePair.Create(((YamlScalarNode)pair.Key).Value!, Convert(pair.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Select(Convert)]),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar => Plain(scalar.Value ?? ""),
        YamlScalarNode scalar => scalar.Value,
        _ => throw new NotSupportedException($"{node.NodeType} at {node.Start}"),
    };

    /// <summary>As kubectl reads it, which is YAML 1.1: `no` is false, and what looks like a number is one.</summary>
    private static JsonNode? Plain(string text) => text switch
    {
        "" or "~" or "null" => null,
        "true" or "yes" or "on" => true,
        "false" or "no" or "off" => false,
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) => whole,
        _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double real) => real,
        _ => text,
    };
}
