using System.Text.Json;
using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Storage;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>What is scaled to zero must find its data again.</summary>
internal sealed class StorageCheckTests
{
    private const string Claims = """[{"metadata": {"name": "data"}, "spec": {}}]""";

    [TestCase("/var/lib/mysql", Claims, "[]", null)]
    [TestCase("/var/lib/", Claims, "[]", null)]
    [TestCase("/", Claims, "[]", null)]
    [TestCase("/var/lib/mysql", "[]", """[{"name": "data", "persistentVolumeClaim": {"claimName": "db"}}]""", null)]
    [TestCase("/var/lib/mysql", "[]", """[{"name": "data", "hostPath": {"path": "/data"}}]""", "a hostPath, and the next pod may come on another node")]
    [TestCase("/var/lib/mysql", "[]", """[{"name": "data", "emptyDir": {}}]""", "an emptyDir, and would go with the pod")]
    [TestCase("/var/lib/mysql", "[]", """[{"name": "data", "ephemeral": {}}]""", "a volume that is not known to outlive the pod")]
    [TestCase("/var/lib/mysql", "[]", "[]", "a volume that is not known to outlive the pod")]
    [TestCase("/var/lib/mysql-files", Claims, "[]", "is on no volume")]
    [TestCase("/backup", Claims, "[]", "is on no volume")]
    public void DataDirectory_OnAVolume_IsKeptOrNot(string mount, string claims, string volumes, string? lost) =>
        Assert.That(StorageCheck.WhyLost(Set(mount, claims, volumes), "mysql", ["/var/lib/mysql/"]), lost is null ? Is.Null : Does.Contain(lost));

    [TestCase("\"nodeName\": \"a\"", true)]
    [TestCase("\"nodeName\": \"\"", false)]
    [TestCase("""  "nodeSelector": {"kubernetes.io/hostname": "a"} """, true)]
    [TestCase("""  "nodeSelector": {"disk": "ssd"} """, false)]
    [TestCase("""  "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["a"]}]}]}}} """, true)]
    [TestCase("""  "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]}]}}} """, true)]
    [TestCase("""  "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["a", "b"]}]}]}}} """, false)]
    [TestCase("""  "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["a"]}]}, {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["b"]}]}]}}} """, false)]
    [TestCase("""  "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "NotIn", "values": ["a"]}]}]}}} """, false)]
    [TestCase("""  "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["a"]}]}}]}} """, false)]
    public void FolderOfANode_IsKept_OnlyByPodsThatAreBoundToThatNode(string binding, bool isKept)
    {
        StatefulSet set = Set("/var/lib/mysql", "[]", """[{"name": "data", "hostPath": {"path": "/data"}}]""", pod: binding + ",");
        Assert.That(StorageCheck.WhyLost(set, "mysql", ["/var/lib/mysql"]), isKept ? Is.Null : Does.Contain("pin the pods to their node"));
    }

    [TestCase("Retain", false)]
    [TestCase("Delete", true)]
    public void Claims_ThatAreDeletedWhenScaled_AreNotKept(string whenScaled, bool isLost)
    {
        StatefulSet set = Set("/var/lib/mysql", Claims, "[]");
        set = set with { Spec = set.Spec with { PersistentVolumeClaimRetentionPolicy = new ClaimRetention { WhenScaled = whenScaled } } };
        Assert.That(StorageCheck.WhyLost(set, "mysql", ["/var/lib/mysql"]), isLost ? Does.Contain("whenScaled: Delete") : Is.Null);
    }

    [Test]
    public void Folders_AreAllLookedAt_AndTheNearestMountCounts()
    {
        StatefulSet set = Set("/var/lib/mysql", Claims, """[{"name": "log", "emptyDir": {}}]""", """, {"name": "log", "mountPath": "/var/lib/mysql/log"}""");
        Assert.That(StorageCheck.WhyLost(set, "mysql", ["/var/lib/mysql/"]), Is.Null);
        Assert.That(StorageCheck.WhyLost(set, "mysql", ["/var/lib/mysql/", "/var/lib/mysql/log/"]), Does.Contain("/var/lib/mysql/log/) is on log, an emptyDir"));
        Assert.That(StorageCheck.WhyLost(set, "other", ["/var/lib/mysql/"]), Does.Contain("no container other"));
    }

    [TestCase(null, true)]
    [TestCase(120L, true)]
    [TestCase(5L, true)]
    [TestCase(4L, false)]
    [TestCase(0L, false)]
    public void Grace_IsLongEnoughOrNot(long? seconds, bool isEnough)
    {
        StatefulSet set = Set("/", Claims, "[]");
        set = set with { Spec = set.Spec with { Template = set.Spec.Template with { Spec = set.Spec.Template.Spec with { TerminationGracePeriodSeconds = seconds } } } };
        Assert.That(GraceCheck.WhyTooShort(set), isEnough ? Is.Null : Does.Contain($"killed {seconds} s after").And.Contain("terminationGracePeriodSeconds"));
    }

    private static StatefulSet Set(string mount, string claims, string volumes, string more = "", string pod = "") => JsonNode.Parse($$$"""
        {"metadata": {"name": "db"}, "spec": {"volumeClaimTemplates": {{{claims}}}, "template": {"spec": {{{{pod}}} "volumes": {{{volumes}}},
         "containers": [{"name": "mysql", "volumeMounts": [{"name": "data", "mountPath": "{{{mount}}}"} {{{more}}}]}] } } } }
        """).Deserialize(KubernetesJson.Default.StatefulSet)!;
}
