using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>A map of a YAML file that remembers where it stood. Keys that are not asked for are passed over, as kubectl does.</summary>
/// <param name="path">How one gets there, for messages: `users[2].user`.</param>
internal sealed class YamlMap(YamlMappingNode node, string file, string path)
{
    /// <summary>`FILE line 3: users[0].user.exec`.</summary>
    public string Where => At(node, path);

    public string KeyAt(string key) => At(Find(key) ?? node, Join(key));

    public string? Text(string key) => Find(key) switch
    {
        null => null,
        YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" or "Null" or "NULL" } => null,
        YamlScalarNode scalar => scalar.Value is "" ? null : Plain(scalar, key),
        { } other => throw Wrong(other, key, "a text"),
    };

    public string Needed(string key) => Text(key) ?? throw new ComputeException($"{Where}: expected `{key}`, found none");

    public bool Flag(string key) => Text(key) is { } text && (text.ToUpperInvariant() switch
    {
        "TRUE" or "YES" or "ON" or "Y" => true,
        "FALSE" or "NO" or "OFF" or "N" => false,
        _ => throw new ComputeException($"{KeyAt(key)}: expected true or false, found `{text}`"),
    });

    /// <summary>Base64, as in the keys that end with `-data`.</summary>
    public byte[]? Data(string key)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        try
        {
            return Convert.FromBase64String(text);
        }
        catch (FormatException e)
        {
            throw new ComputeException($"{KeyAt(key)}: expected base64, found something else", e);
        }
    }

    public YamlMap? Map(string key) => Find(key) switch
    {
        null or YamlScalarNode { Value: null or "" or "~" or "null" } => null,
        YamlMappingNode map => new YamlMap(map, file, Join(key)),
        { } other => throw Wrong(other, key, "a map"),
    };

    public IReadOnlyList<YamlMap> Maps(string key) =>
        [.. Nodes(key).Select((one, index) => one is YamlMappingNode map ? new YamlMap(map, file, $"{Join(key)}[{index}]") : throw Wrong(one, $"{key}[{index}]", "a map"))];

    public IReadOnlyList<string> Texts(string key) =>
        [.. Nodes(key).Select((one, index) => one is YamlScalarNode scalar ? Plain(scalar, key) : throw Wrong(one, $"{key}[{index}]", "a text"))];

    /// <summary>All keys whose value is a list of texts.</summary>
    public IReadOnlyList<(string Key, IReadOnlyList<string> Values)> TextLists() =>
        [.. node.Children.Keys.OfType<YamlScalarNode>().Where(key => key.Value is not null).Select(key => (key.Value!, Texts(key.Value!)))];

    private IEnumerable<YamlNode> Nodes(string key) => Find(key) switch
    {
        null or YamlScalarNode { Value: null or "" or "~" or "null" } => [],
        YamlSequenceNode sequence => sequence.Children,
        { } other => throw Wrong(other, key, "a list"),
    };

    private YamlNode? Find(string key) => node.Children.TryGetValue(new YamlScalarNode(key), out YamlNode? found) ? found : null;

    private ComputeException Wrong(YamlNode found, string key, string expected) => new($"{At(found, Join(key))}: expected {expected}, found {found.NodeType switch
    {
        YamlNodeType.Mapping => "a map",
        YamlNodeType.Sequence => "a list",
        _ => "something else",
    }}");

    /// <summary>A NUL can be in no path, name or header, and ends a text for half of those that get it.</summary>
    private string Plain(YamlScalarNode scalar, string key) => scalar.Value?.Contains('\0', StringComparison.Ordinal) == true
        ? throw new ComputeException($"{At(scalar, Join(key))}: expected a text, found a NUL in it")
        : scalar.Value ?? "";

    private string Join(string key) => path.Length == 0 ? key : $"{path}.{key}";

    private string At(YamlNode where, string what) => what.Length == 0 ? $"{file} line {where.Start.Line}" : $"{file} line {where.Start.Line}: {what}";
}
