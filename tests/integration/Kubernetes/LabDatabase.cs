using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Tests.Integration.EndToEnd;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>A database of a real control plane whose node is played: a StatefulSet of one replica, with an engine of its own.</summary>
internal sealed class LabDatabase : IAsyncDisposable
{
    public const string Space = "default";
    private readonly KubernetesApi _api;

    private LabDatabase(KubernetesApi api, string name, MariaDbServer engine, PlayedKubelet kubelet) => (_api, Name, Engine, Kubelet) = (api, name, engine, kubelet);

    /// <summary>Of the database and of its StatefulSet.</summary>
    public string Name { get; }

    public MariaDbServer Engine { get; }

    public PlayedKubelet Kubelet { get; }

    public int? Replicas => _api.GetAsync(Resources.StatefulSets, new ObjectName(Space, Name), default).Result.Spec.Replicas;

    public static async Task<LabDatabase> StartAsync(LabCluster cluster, KubernetesApi api, string name)
    {
        MariaDbServer engine = await MariaDbServer.StartAsync();
        await ClientAccount.MakeAsync(engine.TcpAddress, "127.0.0.1", "CREATE DATABASE kept", "CREATE TABLE kept.t (v INT)");
        await cluster.PostAsAdminAsync($"/apis/apps/v1/namespaces/{Space}/statefulsets", """
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "NAME"},
             "spec": {"replicas": 1, "serviceName": "NAME", "selector": {"matchLabels": {"app": "NAME"}},
              "template": {"metadata": {"labels": {"app": "NAME"}}, "spec": {"containers": [
                {"name": "mysql", "image": "mysql", "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}, "volumeMounts": [{"name": "data", "mountPath": "DATA"}]}]}},
              "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]}}
            """.Replace("NAME", name, StringComparison.Ordinal).Replace("DATA", Path.GetDirectoryName(engine.DataDirectory), StringComparison.Ordinal));
        return new LabDatabase(api, name, engine, new PlayedKubelet(api, Space, name, engine));
    }

    /// <summary>As a gateway is told of it; its clients put its name and a dot in front of theirs.</summary>
    public JsonObject Settings(LabCluster cluster) => new()
    {
        ["name"] = Name, ["userPrefix"] = Name, ["compute"] = "kubernetes", ["user"] = "root", ["password"] = "",
        ["kubernetes"] = new JsonObject { ["kubeconfig"] = cluster.AdminFile, ["namespace"] = Space, ["statefulSet"] = Name, ["port"] = Engine.Port },
    };

    public ClientProcess Connect(GatewayProcess gateway) => ClientProcess.Start(
        "mariadb", ["--no-defaults", "-h127.0.0.1", $"-P{gateway.Port}", $"-u{Name}.{GatewayProcess.User}", $"-p{GatewayProcess.Password}", "-N", "-B", "-n", "--unbuffered"]);

    public async ValueTask DisposeAsync()
    {
        await Kubelet.DisposeAsync();
        Engine.Dispose();
    }
}
