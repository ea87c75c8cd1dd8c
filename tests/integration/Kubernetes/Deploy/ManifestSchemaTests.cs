using System.Text.Json.Nodes;

namespace Serverless.Tests.Integration.Kubernetes.Deploy;

/// <summary>The manifests say nothing that no cluster understands.</summary>
internal sealed class ManifestSchemaTests
{
    private const string Patches = "components/";

    /// <summary>What stands in a folder beside its kustomization.</summary>
    private static IEnumerable<string> Manifests => ManifestFiles.Manifests();

    /// <summary>Folders that are applied as they are.</summary>
    private static IEnumerable<string> Overlays => ManifestFiles.Kustomizations().Where(file => !file.StartsWith(Patches, StringComparison.Ordinal)).Select(file => Path.GetDirectoryName(file)!);

    private static IEnumerable<string> Components => ManifestFiles.Kustomizations().Where(file => file.StartsWith(Patches, StringComparison.Ordinal)).Select(file => Path.GetDirectoryName(file)!);

    [TestCaseSource(nameof(Manifests))]
    public async Task File_HasNoFieldThatIsNotThere(string file)
    {
        ManifestSchema schema = await SchemaAsync();
        bool isPatch = file.StartsWith(Patches, StringComparison.Ordinal) && Path.GetFileName(file) is not "claim.yaml";
        Assert.That(ManifestFiles.Read(file).SelectMany(one => schema.Check(one, isPatch)), Is.Empty);
    }

    [TestCaseSource(nameof(Overlays))]
    public async Task Folder_ComesToWhatAClusterUnderstands(string folder)
    {
        await Kubectl.RequireAsync();
        bool isOld = folder.Contains("1.20", StringComparison.Ordinal);
        ManifestSchema schema = await SchemaAsync(newer: !isOld);
        Assert.That((await Kubectl.BuildAsync(Path.Combine(ManifestFiles.Folder, folder))).SelectMany(one => schema.Check(one)), Is.Empty);
    }

    [TestCaseSource(nameof(Components))]
    public async Task Component_ComesToWhatAClusterUnderstands_OnEachOverlay(string folder)
    {
        await Kubectl.RequireAsync();
        ManifestSchema schema = await SchemaAsync();
        foreach (string overlay in new[] { "overlays/mysql", "overlays/mariadb" })
        {
            using var user = new UserOverlay(overlay, folder);
            Assert.That((await Kubectl.BuildAsync(user.Folder)).SelectMany(one => schema.Check(one)), Is.Empty, overlay);
        }
    }

    [TestCase("spec.template.spec.containers.0", "imagePullPolice", "`imagePullPolice` (did you mean `imagePullPolicy`?)")]
    [TestCase("spec.template.spec.securityContext.seccompProfile", "kind", "`kind`")]
    [TestCase("spec.template.spec.containers.0.resources.limits", "cpu", null)]
    [TestCase("metadata.labels", "anything", null)]
    [TestCase("spec", "replica", "`replica` (did you mean `replicas`?)")]
    public async Task PlantedField_IsFound_WhereItIsUnknown(string where, string field, string? expected)
    {
        ManifestSchema schema = await SchemaAsync();
        JsonObject deployment = ManifestFiles.Read("gateway/deployment.yaml", "Deployment");
        JsonNode at = where.Split('.').Aggregate((JsonNode)deployment, (node, key) => int.TryParse(key, out int index) ? node[index]! : node[key]!);
        at[field] = "planted";
        IReadOnlyList<string> found = schema.Check(deployment);
        Assert.That(found, Has.Count.EqualTo(expected is null ? 0 : 1));
        if (expected is not null) Assert.That(found[0], Does.EndWith($"unknown field {expected}"));
    }

    [Test]
    public async Task WrongType_MissingField_AndUnknownKind_AreFound()
    {
        ManifestSchema schema = await SchemaAsync();
        JsonObject service = ManifestFiles.Read("mysql/service.yaml", "Service");
        service["spec"]!["ports"]![0]!["port"] = "3306";
        service["spec"]!["selector"]!["version"] = 8;
        service["spec"]!["ports"]![0]!["targetPort"] = 3306;
        JsonObject budget = ManifestFiles.Read("gateway/network-policy.yaml", "NetworkPolicy");
        budget["spec"]!.AsObject().Remove("podSelector");
        JsonObject unknown = ManifestFiles.Read("gateway/disruption-budget.yaml", "PodDisruptionBudget");
        unknown["apiVersion"] = "policy/v2";
        Assert.That(schema.Check(service).Concat(schema.Check(budget)).Concat(schema.Check(unknown)), Is.EquivalentTo(new[]
        {
            "Service/db.spec.ports[0].port: expected integer, found `\"3306\"`",
            "Service/db.spec.selector.version: expected string, found `8`",
            "NetworkPolicy/serverless.spec: field `podSelector` is missing",
            "`policy/v2 PodDisruptionBudget`: there is no such kind",
        }));
    }

    /// <summary>Otherwise they are allowed for nothing.</summary>
    [Test]
    public async Task NewerFields_AreUnknownToTheOldSchema()
    {
        ManifestSchema schema = await SchemaAsync(newer: false);
        Assert.That(ManifestFiles.Manifests().Where(file => !file.StartsWith(Patches, StringComparison.Ordinal)).SelectMany(ManifestFiles.Read).SelectMany(one => schema.Check(one)), Is.EquivalentTo(new[]
        {
            "StatefulSet/db.spec: unknown field `persistentVolumeClaimRetentionPolicy`", "StatefulSet/db.spec: unknown field `persistentVolumeClaimRetentionPolicy`",
            "StatefulSet/db.spec.template.spec.containers[0]: unknown field `resizePolicy`", "StatefulSet/db.spec.template.spec.containers[0]: unknown field `resizePolicy`",
            "`policy/v1 PodDisruptionBudget`: there is no such kind",
        }));
    }

    private static async Task<ManifestSchema> SchemaAsync(bool newer = true)
    {
        LabCluster cluster = await LabCluster.RequireAsync();
        return new ManifestSchema(JsonNode.Parse(await cluster.GetAsAdminAsync("/openapi/v2"))!, newer);
    }
}
