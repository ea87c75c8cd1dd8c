using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Host.Compute;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Sizing;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>A size changes how much a container has, and nothing of what kind its pod is.</summary>
internal sealed class ContainerSizingTests
{
    private static readonly ComputeSize Double = new(2000, 4L << 30);

    [TestCase("""{"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}}""", """{"requests": {"cpu": "2", "memory": "4Gi"}, "limits": {"cpu": "2", "memory": "4Gi"}}""", TestName = "Guaranteed")]
    [TestCase("""{"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}}""", """{"requests": {"cpu": "500m", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "4Gi"}}""", TestName = "Burstable, by the same part")]
    [TestCase("""{"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}""", """{"requests": {"cpu": "2", "memory": "4Gi"}, "limits": {"memory": "4Gi"}}""", TestName = "No limit of processors stays none")]
    [TestCase("""{"limits": {"cpu": "1", "memory": "2Gi"}}""", """{"requests": {}, "limits": {"cpu": "2", "memory": "4Gi"}}""", TestName = "Requests that are not said follow by themselves")]
    [TestCase("""{"requests": {"memory": "1Gi"}}""", """{"requests": {"memory": "4Gi"}, "limits": {}}""", TestName = "What is absent stays absent")]
    [TestCase("""{"requests": {"cpu": "0", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi", "ephemeral-storage": "1Gi"}}""", """{"requests": {"cpu": "0", "memory": "4Gi"}, "limits": {"cpu": "2", "memory": "4Gi"}}""", TestName = "Nothing stays nothing, and others are left alone")]
    public void Size_Applied_KeepsTheKind(string before, string after)
    {
        ResourceAmounts now = Read(before);
        ResourceAmounts sized = ContainerSizing.Apply(now, Double);
        Assert.That(JsonNode.DeepEquals(ContainerSizing.Patch("mysql", sized)["resources"], JsonNode.Parse(after)), Is.True, ContainerSizing.Patch("mysql", sized).ToJsonString());
        Assert.That(ContainerSizing.AreSame(ContainerSizing.Apply(sized, Double), sized), Is.True, "asked again, it changes nothing");
    }

    [Test]
    public void RequestBelowItsLimit_StaysBelow_HoweverSmall()
    {
        ResourceAmounts sized = ContainerSizing.Apply(Read("""{"requests": {"cpu": "999m", "memory": "1"}, "limits": {"cpu": "1", "memory": "2Gi"}}"""), new ComputeSize(2, 16));
        Assert.That((sized.Requests["cpu"].MilliValue, sized.Limits["cpu"].MilliValue), Is.EqualTo((1L, 2L)));
        Assert.That(sized.Requests["memory"].Value, Is.InRange(1, 15));
    }

    [TestCase("""{"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "2Gi"}}""", 1000L, 2L << 30)]
    [TestCase("""{"requests": {"cpu": "250m", "memory": "1Gi"}}""", 250L, 1L << 30)]
    public void Size_IsTheLimit_OrElseTheRequest(string resources, long cpu, long memory) => Assert.That(ContainerSizing.Read(Read(resources)), Is.EqualTo(new ComputeSize(cpu, memory)));

    [Test]
    public void Container_WithoutMemory_HasNoSize()
    {
        Assert.That(ContainerSizing.Read(Read("""{"requests": {"cpu": "1"}}""")), Is.Null);
        Assert.That(ContainerSizing.WhyUnsizable(Read("""{"requests": {"cpu": "1"}}"""), "mysql"), Does.Contain("neither a request nor a limit of memory"));
    }

    private static ResourceAmounts Read(string json) =>
        JsonNode.Parse("""{"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "resources": RESOURCES}]}}""".Replace("RESOURCES", json, StringComparison.Ordinal))!.Deserialize(KubernetesJson.Default.Pod)!.Spec.Containers[0].Resources;
}
