using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Tests.Integration.Kubernetes.Deploy;

/// <summary>A real API server takes the manifests, as users apply them, and makes pods of them.</summary>
internal sealed class ManifestApplyTests
{
    [TestCase("mysql")]
    [TestCase("mariadb")]
    public async Task Overlay_IsApplied_AndAgain_WithoutWakingADatabase(string kind)
    {
        await Kubectl.RequireAsync();
        LabCluster cluster = await LabCluster.RequireAsync();
        string space = $"deploy-{Guid.NewGuid():N}"[..20];
        using var user = new UserOverlay($"overlays/kubernetes-1.20/{kind}", [], $"namespace: {space}");
        await Kubectl.RunAsync(cluster.AdminFile, "create", "namespace", space);
        try
        {
            await Kubectl.RunAsync(cluster.AdminFile, "apply", "-k", user.Folder);
            using KubernetesApi api = cluster.Connect();
            await DoubleRig.UntilAsync(
                () => Pods(api, space) is var pods && pods.Contains("db-0") && pods.Exists(one => one.StartsWith("serverless-", StringComparison.Ordinal)),
                () => string.Join(", ", Pods(api, space)));
            await Kubectl.RunAsync(cluster.AdminFile, "-n", space, "scale", "statefulset/db", "--replicas=0");
            StatefulSet asleep = await api.GetAsync(Resources.StatefulSets, new ObjectName(space, "db"), default);
            await Kubectl.RunAsync(cluster.AdminFile, "apply", "-k", user.Folder);
            StatefulSet again = await api.GetAsync(Resources.StatefulSets, new ObjectName(space, "db"), default);
            Assert.That((again.Spec.Replicas, again.Metadata.Generation), Is.EqualTo((0, asleep.Metadata.Generation)), "a database that sleeps is not woken by it");
            await Kubectl.RunAsync(cluster.AdminFile, "auth", "can-i", "update", "statefulsets.apps", "--subresource=scale", "-n", space, "--as", $"system:serviceaccount:{space}:serverless");
        }
        finally
        {
            await Kubectl.RunAsync(cluster.AdminFile, "delete", "namespace", space, "--wait=false");
        }
    }

    private static List<string> Pods(KubernetesApi api, string space) => [.. api.ListAsync(Resources.Pods, space, Selection.All, default).Result.Items.Select(one => one.Metadata.Name)];
}
