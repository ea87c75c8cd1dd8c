using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>One file of a kubeconfig, see https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/.</summary>
internal sealed class KubeconfigFile
{
    /// <summary>The reader of YAML calls itself for what is nested.</summary>
    private const int DeepestNesting = 50;

    /// <summary>A few that each name several others already stand for more than any memory holds.</summary>
    private const int MostAliases = 30;

    private KubeconfigFile(string path, YamlMap? root)
    {
        Path = path;
        Folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        if (root is not null)
        {
            CurrentContext = root.Text("current-context");
            Clusters = Named(root, "clusters", "cluster");
            Users = Named(root, "users", "user");
            Contexts = Named(root, "contexts", "context");
        }
    }

    public string Path { get; }

    /// <summary>Paths in the file start from here.</summary>
    public string Folder { get; }

    public string? CurrentContext { get; }

    public IReadOnlyList<(string Name, YamlMap Value)> Clusters { get; } = [];

    public IReadOnlyList<(string Name, YamlMap Value)> Users { get; } = [];

    public IReadOnlyList<(string Name, YamlMap Value)> Contexts { get; } = [];

    /// <exception cref="ComputeException">It cannot be read, or is no kubeconfig.</exception>
    public static KubeconfigFile Read(string path) => Parse(path, PemSource.ReadFile(path, "kubeconfig"));

    /// <exception cref="ComputeException">It is no kubeconfig.</exception>
    public static KubeconfigFile Parse(string path, string text)
    {
        try
        {
            CheckSize(path, text);
            var yaml = new YamlStream();
            yaml.Load(new StringReader(text));
            return yaml.Documents.Count == 0 || yaml.Documents[0].RootNode is YamlScalarNode { Value: null or "" }
                ? new KubeconfigFile(path, null)
                : yaml.Documents[0].RootNode is YamlMappingNode map
                    ? new KubeconfigFile(path, new YamlMap(map, path, ""))
                    : throw new ComputeException($"{path}: expected a kubeconfig, a map with `clusters`, `users` and `contexts`; found no map");
        }
        catch (YamlException e)
        {
            throw new ComputeException($"{path} line {e.Start.Line}: expected a kubeconfig in YAML, found what is none: {e.Message}", e);
        }
#pragma warning disable CA1031 // the scanner fails in other ways too at texts that are no YAML
        catch (Exception e) when (e is not (ComputeException or OutOfMemoryException))
#pragma warning restore CA1031
        {
            throw new ComputeException($"{path}: expected a kubeconfig in YAML, found what is none", e);
        }
    }

    private static void CheckSize(string path, string text)
    {
        var parser = new Parser(new StringReader(text));
        int depth = 0;
        int aliases = 0;
        while (parser.MoveNext())
        {
            depth += parser.Current switch
            {
                MappingStart or SequenceStart => 1,
                MappingEnd or SequenceEnd => -1,
                _ => 0,
            };
            if (depth > DeepestNesting)
            {
                throw new ComputeException($"{path} line {parser.Current!.Start.Line}: expected a kubeconfig, found more than {DeepestNesting} levels of nesting");
            }

            if (parser.Current is AnchorAlias && ++aliases > MostAliases)
            {
                throw new ComputeException($"{path} line {parser.Current.Start.Line}: expected a kubeconfig, found more than {MostAliases} aliases: write out what they stand for");
            }
        }
    }

    private static List<(string, YamlMap)> Named(YamlMap root, string list, string key)
    {
        var found = new List<(string, YamlMap)>();
        foreach (YamlMap entry in root.Maps(list))
        {
            // an entry without a value is one with nothing in it
            if (entry.Map(key) is { } value)
            {
                found.Add((entry.Needed("name"), value));
            }
        }

        return found;
    }
}
