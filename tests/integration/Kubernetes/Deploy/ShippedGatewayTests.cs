using System.Text.Json.Nodes;
using System.Xml.Linq;
using Microsoft.Extensions.Configuration;
using Serverless.Host.Cli;
using Serverless.Host.Compute;
using Serverless.Host.Control.Settings;
using Serverless.Rules;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes.Deploy;

/// <summary>What is shipped for the gateway fits together: image, pod, configuration, rules, rights and the databases beside it.</summary>
internal sealed class ShippedGatewayTests
{
    private const string Component = "app.kubernetes.io/component";
    private static readonly string[] Databases = ["mysql", "mariadb"];
    private static readonly string Rules = Path.Combine(ManifestFiles.Folder, "gateway", "rules");

    private static JsonObject Deployment => ManifestFiles.Read("gateway/deployment.yaml", "Deployment");

    private static JsonNode Pod => Deployment["spec"]!["template"]!["spec"]!;

    private static JsonNode Container => Pod["containers"]!.AsArray().Single()!;

    private static string[] Dockerfile => File.ReadAllLines(Path.Combine(Repository.Root, "deploy", "Dockerfile"));

    [Test]
    public void Rights_AreTheDocumentedOnes()
    {
        static IEnumerable<string> Words(JsonNode rule, string key) => rule[key]!.AsArray().Select(one => one!.ToString());
        IEnumerable<string> given = ManifestFiles.Read("gateway/account.yaml", "Role")["rules"]!.AsArray()
            .SelectMany(rule => Words(rule!, "apiGroups").SelectMany(group => Words(rule!, "resources").SelectMany(resource => Words(rule!, "verbs").Select(verb => $"{group}/{resource} {verb}"))));
        IEnumerable<string> documented = DocumentedRights.Rows().SelectMany(row => row.Resources.SelectMany(resource => row.Verbs.Select(verb => $"{row.Group}/{resource} {verb}")));
        Assert.That(given, Is.EquivalentTo(documented.Distinct()));
    }

    [Test]
    public void Configuration_IsWhatThePodHas()
    {
        HostSettings settings = Settings();
        DatabaseSettings database = settings.Databases.Single();
        JsonNode[] ports = [.. Container["ports"]!.AsArray().Select(one => one!)];
        string?[] mounts = [.. Container["volumeMounts"]!.AsArray().Select(one => (string?)one!["mountPath"])];
        Assert.Multiple(() =>
        {
            Assert.That(database.Compute, Is.EqualTo(ComputeKind.Kubernetes));
            Assert.That(database.Password, Is.EqualTo("of SERVERLESS_PASSWORD"), "as it comes out of the Secret");
            Assert.That(settings.Admin.Token, Is.EqualTo("of SERVERLESS_ADMIN__TOKEN"));
            Assert.That(ports.Select(one => (int)one["containerPort"]!), Is.EqualTo(new[] { database.Listen.Port, settings.Admin.Listen.Port }));
            Assert.That(mounts, Has.Member(settings.Data).And.Member(database.Rules).And.Member("/tmp"));
            Assert.That((int)Pod["terminationGracePeriodSeconds"]!, Is.GreaterThanOrEqualTo(database.Limits.DrainFor.TotalSeconds + 15), "clients may finish, and the gateway ends in order");
            Assert.That((bool)Pod["enableServiceLinks"]!, Is.False, "what is set for Services would be unknown keys");
            Assert.That(new[] { "readinessProbe", "livenessProbe" }.Select(probe => (string?)Container[probe]!["httpGet"]!["path"]), Is.EqualTo(new[] { "/readyz", "/healthz" }));
        });
        foreach (string kind in Databases)
        {
            JsonObject set = ManifestFiles.Read($"{kind}/statefulset.yaml", "StatefulSet");
            Assert.That((string?)set["metadata"]!["name"], Is.EqualTo(database.Kubernetes.StatefulSet), kind);
            Assert.That(File.ReadAllText(Path.Combine(ManifestFiles.Folder, kind, "account.sh")), Does.Contain($"CREATE USER {database.User}@'%'"), kind);
        }
    }

    [Test]
    public void ConfigurationForWesql_IsRead_AndTheNetworkPolicyLetsItsDataNodeBeReached()
    {
        string folder = Path.Combine(ManifestFiles.Folder, "overlays", "wesql");
        KubernetesSettings found = Settings(Path.Combine("overlays", "wesql")).Databases.Single().Kubernetes;
        Assert.That((found.IsWesql, found.StatefulSet), Is.EqualTo((true, "mycluster-wesql-0")));
        Assert.That(found.Loggers, Is.EqualTo(new[] { "mycluster-wesql-1", "mycluster-wesql-2" }));
        Assert.That(File.ReadAllText(Path.Combine(folder, "kustomization.yaml")), Does.Contain($"app.kubernetes.io/name: {found.StatefulSet}"));
    }

    [Test]
    public async Task Rules_CompileWithoutAWarning_AndTheirScenariosHold()
    {
        RuleSet set = RuleFiles.Load(Rules);
        Assert.That(set.Diagnostics.Select(one => one.ToString()), Is.Empty);
        using var output = new StringWriter();
        Assert.That(await CommandLine.RunAsync(["rules", "test", Rules], output, output), Is.Zero, output.ToString());
        Assert.That(await CommandLine.RunAsync(["rules", "fmt", "--check", Rules], output, output), Is.Zero, output.ToString());
        string unit = File.ReadLines(Path.Combine(Rules, "default.rules")).Single(line => line.StartsWith("unit ", StringComparison.Ordinal));
        foreach (string kind in Databases)
        {
            JsonNode resources = ManifestFiles.Read($"{kind}/statefulset.yaml", "StatefulSet")["spec"]!["template"]!["spec"]!["containers"]![0]!["resources"]!;
            Assert.That(unit, Is.EqualTo($"unit cu = {resources["limits"]!["cpu"]} cpu + {resources["limits"]!["memory"]}B memory"), "a pod begins with one unit");
            Assert.That(resources["requests"]!.ToJsonString(), Is.EqualTo(resources["limits"]!.ToJsonString()));
        }
    }

    [Test]
    public void Image_IsWhatThePodRuns()
    {
        string Of(string instruction) => Dockerfile.Last(line => line.StartsWith(instruction + " ", StringComparison.Ordinal))[(instruction.Length + 1)..];
        JsonNode security = Pod["securityContext"]!;
        string version = XDocument.Load(Path.Combine(Repository.Root, "Directory.Build.props")).Descendants("Version").Single().Value;
        Assert.Multiple(() =>
        {
            Assert.That(Of("USER"), Is.EqualTo($"{security["runAsUser"]}:{security["runAsGroup"]}"));
            Assert.That(Of("EXPOSE").Split(' '), Is.EqualTo(Container["ports"]!.AsArray().Select(one => $"{one!["containerPort"]}")));
            Assert.That(JsonNode.Parse(Of("CMD"))!.ToJsonString(), Is.EqualTo(Container["args"]!.ToJsonString()));
            Assert.That(Of("ENTRYPOINT"), Does.StartWith("["), "without a shell, which would keep SIGTERM to itself");
            Assert.That((string?)Container["image"], Is.EqualTo($"serverless:{version}"));
            Assert.That(Dockerfile, Has.Some.Contains($"-t serverless:{version} "));
        });
    }

    /// <summary>As the strictest of the Pod Security Standards wants it, https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and more.</summary>
    [TestCase("gateway/deployment.yaml", "Deployment")]
    [TestCase("mysql/statefulset.yaml", "StatefulSet")]
    [TestCase("mariadb/statefulset.yaml", "StatefulSet")]
    public void Pod_IsRestricted(string file, string kind)
    {
        JsonNode pod = ManifestFiles.Read(file, kind)["spec"]!["template"]!["spec"]!;
        JsonNode container = pod["containers"]!.AsArray().Single()!;
        Assert.Multiple(() =>
        {
            Assert.That((bool?)pod["securityContext"]!["runAsNonRoot"], Is.True);
            Assert.That((int?)pod["securityContext"]!["runAsUser"], Is.Positive);
            Assert.That((string?)pod["securityContext"]!["seccompProfile"]!["type"], Is.EqualTo("RuntimeDefault"));
            Assert.That((bool?)container["securityContext"]!["allowPrivilegeEscalation"], Is.False);
            Assert.That((bool?)container["securityContext"]!["readOnlyRootFilesystem"], Is.True);
            Assert.That(container["securityContext"]!["capabilities"]!.ToJsonString(), Is.EqualTo("""{"drop":["ALL"]}"""));
            Assert.That(pod["volumes"]!.AsArray().Select(one => one!.AsObject().Last().Key).Distinct(), Is.SubsetOf(new[] { "configMap", "emptyDir" }));
            Assert.That(container["resources"]!["limits"]!["memory"], Is.Not.Null);
        });
    }

    /// <summary>https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/</summary>
    [Test]
    public void Objects_HaveTheRecommendedLabels_AndSelectorsFindTheirPods()
    {
        string[] files = [.. ManifestFiles.Manifests().Where(file => !file.StartsWith("components/", StringComparison.Ordinal) && file != "namespace.yaml")];
        foreach (IGrouping<string, string> folder in files.GroupBy(file => Path.GetDirectoryName(file)!))
        {
            JsonObject[] objects = [.. folder.SelectMany(ManifestFiles.Read)];
            JsonNode labels = objects.Single(one => one["spec"]?["template"] is not null)["spec"]!["template"]!["metadata"]!["labels"]!;
            Assert.That(labels.AsObject().Select(one => one.Key), Is.SupersetOf(new[] { "app.kubernetes.io/name", Component, "app.kubernetes.io/part-of" }));
            Assert.That((string?)labels["app.kubernetes.io/part-of"], Is.EqualTo("serverless"));
            foreach (JsonObject one in objects)
            {
                Assert.That(one["metadata"]!["labels"]!.ToJsonString(), Is.EqualTo(labels.ToJsonString()), $"{one["kind"]}");
                JsonNode? spec = one["spec"];
                JsonNode? selector = spec?["selector"]?["matchLabels"] ?? spec?["selector"] ?? spec?["podSelector"]?["matchLabels"];
                Assert.That(selector?.AsObject().All(pair => pair.Value!.ToString() == labels[pair.Key]?.ToString()), Is.Not.False, $"{one["kind"]}");
            }
        }
    }

    /// <summary>The gateway reaches the databases, and they let it in.</summary>
    [TestCaseSource(nameof(Databases))]
    public void NetworkPolicies_LetTheGatewayToTheDatabase(string kind)
    {
        static bool Finds(JsonNode selector, JsonNode template) => selector["podSelector"]!["matchLabels"]!.AsObject().All(pair => pair.Value!.ToString() == template["metadata"]!["labels"]![pair.Key]?.ToString());
        JsonNode database = ManifestFiles.Read($"{kind}/statefulset.yaml", "StatefulSet")["spec"]!["template"]!, gateway = Deployment["spec"]!["template"]!;
        JsonNode egress = ManifestFiles.Read("gateway/network-policy.yaml", "NetworkPolicy")["spec"]!["egress"]![0]!, ingress = ManifestFiles.Read($"{kind}/network-policy.yaml", "NetworkPolicy")["spec"]!["ingress"]![0]!;
        JsonNode port = database["spec"]!["containers"]![0]!["ports"]![0]!;
        Assert.Multiple(() =>
        {
            Assert.That(Finds(egress["to"]![0]!, database));
            Assert.That(Finds(ingress["from"]![0]!, gateway));
            Assert.That((int)egress["ports"]![0]!["port"]!, Is.EqualTo((int)port["containerPort"]!));
            Assert.That((string?)ingress["ports"]![0]!["port"], Is.EqualTo((string?)port["name"]));
        });
    }

    /// <summary>What no kustomization names is applied by nobody.</summary>
    [Test]
    public void Kustomizations_NameEveryFile()
    {
        IEnumerable<string> named = ManifestFiles.Kustomizations().SelectMany(file =>
        {
            JsonObject one = ManifestFiles.Read(file).Single();
            IEnumerable<JsonNode?> names = [.. one["resources"]?.AsArray() ?? [], .. one["configMapGenerator"]?.AsArray().SelectMany(map => map!["files"]!.AsArray()) ?? [], .. one["patches"]?.AsArray().Select(patch => patch!["path"]) ?? []];
            return names.OfType<JsonNode>().Select(name => Path.Combine(Path.GetDirectoryName(file)!, name.ToString()));
        });
        IEnumerable<string> there = Directory.EnumerateFiles(ManifestFiles.Folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(ManifestFiles.Folder, file));
        Assert.That(there.Where(file => Path.GetFileName(file) != "kustomization.yaml" && file != "namespace.yaml"), Is.SubsetOf(named));
    }

    /// <summary>What `serverless up` makes of the file, with the variables of the pod.</summary>
    /// <param name="folder">That the configuration is in.</param>
    private static HostSettings Settings(string folder = "gateway")
    {
        Dictionary<string, string> environment = Container["env"]!.AsArray().ToDictionary(one => one!["name"]!.ToString(), one => $"of {one!["name"]}");
        IConfiguration configuration = HostConfiguration.Compose(Path.Combine(ManifestFiles.Folder, folder, "serverless.json"), environment, _ => []);
        return HostSettingsReader.Read(configuration);
    }
}
