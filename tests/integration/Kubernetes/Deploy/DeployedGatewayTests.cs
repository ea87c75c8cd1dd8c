using System.Diagnostics;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Config;
using Serverless.Tests.Integration.EndToEnd;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes.Deploy;

/// <summary>
/// The main job as it is shipped: image, Deployment, rights and example database, applied to a real cluster with a real node. What is changed is what the node lacks: it has
/// no proxy for Services, so the gateway finds the API server at the node's address, and clients dial the pods; and its image of MariaDB makes its accounts as root.
/// </summary>
[NonParallelizable]
internal sealed class DeployedGatewayTests
{
    private const string Space = "default";
    private const string Password = "of-the-gateway";
    private const string Gateways = "app.kubernetes.io/component=gateway";
    private const string Engines = "app.kubernetes.io/component=database";
    private static readonly ObjectName Database = new(Space, "db");

    [Test]
    public async Task ShippedGateways_SuspendAndWakeTheExampleDatabase()
    {
        await Kubectl.RequireAsync();
        LabCluster cluster = await LabCluster.RequireNodeAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        try
        {
            await using var relay = new ApiRelay(new ClusterAccessFinder(_ => null, TimeProvider.System).Find(cluster.AdminFile, null).Server);
            await RunAsync(cluster, relay).WaitAsync(limit.Token);
        }
        catch (Exception e) when (e is not SuccessException)
        {
            TestContext.Out.WriteLine(await StateAsync(cluster));
            throw;
        }
        finally
        {
            try
            {
                // first, since it would make its pods anew
                await Kubectl.RunAsync(cluster.AdminFile, "delete", "deployment", "serverless", "--ignore-not-found", "--cascade=foreground", "--wait=false");
            }
            finally
            {
                await cluster.EndNodeAsync();
            }
        }
    }

    private static async Task RunAsync(LabCluster cluster, ApiRelay relay)
    {
        using KubernetesApi api = cluster.Connect();
        using (GatewayImage image = await GatewayImage.MakeAsync())
        {
            string name = ManifestFiles.Read("gateway/deployment.yaml", "Deployment")["spec"]!["template"]!["spec"]!["containers"]![0]!["image"]!.ToString();
            await cluster.ImportAsync(image.Root, "library/" + name, "dotnet", "/app/Serverless.Host.dll");
        }

        await PrepareAsync(cluster);
        using UserOverlay database = DatabaseOverlay(), whole = WholeOverlay(relay.Port);
        await Kubectl.RunAsync(cluster.AdminFile, "apply", "-k", database.Folder);
        string engine = (await AddressesAsync(api, Engines, 1))[0];
        await MakeAccountsAsync(engine);
        await Kubectl.RunAsync(cluster.AdminFile, "apply", "-k", whole.Folder);
        await Kubectl.RunAsync(cluster.AdminFile, "rollout", "status", "deployment/serverless", "--timeout=55s");
        await SleepsAndWakesAsync(api, await AddressesAsync(api, Gateways, 2));
        await EndsInTimeAsync(cluster, api);
    }

    /// <summary>The Secrets that docs/deploy.md has users make, and the volume that a cluster's provisioner would.</summary>
    private static async Task PrepareAsync(LabCluster cluster)
    {
        await Kubectl.RunAsync(cluster.AdminFile, "create", "secret", "generic", "serverless", $"--from-literal=password={Password}", "--from-literal=admin-token=of-the-operator");
        await Kubectl.RunAsync(cluster.AdminFile, "create", "secret", "generic", "db", "--from-literal=root-password=of-root");
        await cluster.PostAsAdminAsync("/api/v1/persistentvolumes", $$"""
            {"metadata": {"name": "volume"}, "spec": {"capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "{{cluster.Folder}}/volume", "type": "DirectoryOrCreate"} } }
            """);
    }

    private static UserOverlay DatabaseOverlay() => new("mariadb", ["components/before-1.27"], $"""
        namespace: {Space}
        patches:
        - target: {LabImage}
        """);

    private static string LabImage => """
        {kind: StatefulSet, name: db}
          patch: |-
            - {op: replace, path: /spec/template/spec/containers/0/image, value: "docker.io/lab/mariadb:1"}
            - {op: add, path: /spec/template/spec/containers/0/imagePullPolicy, value: Never}
            - {op: remove, path: /spec/template/spec/containers/0/securityContext}
            - {op: remove, path: /spec/template/spec/securityContext}
        """;

    private static UserOverlay WholeOverlay(int apiPort)
    {
        var overlay = new UserOverlay("overlays/kubernetes-1.20/mariadb", [], $$"""
            namespace: {{Space}}
            patches:
            - target: {{LabImage}}
            - target: {kind: Deployment, name: serverless}
              patch: |-
                - {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: KUBERNETES_SERVICE_HOST, valueFrom: {fieldRef: {fieldPath: status.hostIP} } } }
                - {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: KUBERNETES_SERVICE_PORT, value: "{{apiPort}}"} }
            configMapGenerator:
            - name: serverless-rules
              behavior: replace
              files: [default.rules]
              options: {disableNameSuffixHash: true}
            """);
        // long enough that the first client comes before the sleep: a pod may take as long to end as a statement is held
        File.WriteAllText(Path.Combine(overlay.Folder, "default.rules"), GatewayProcess.SleepyRules(10));
        return overlay;
    }

    /// <summary>As the images' first start has it, and an application's account.</summary>
    private static async Task MakeAccountsAsync(string engine)
    {
        await Eventually.HoldsAsync(
            async () =>
            {
                using ClientProcess root = ClientProcess.Start("mariadb", ["--no-defaults", $"-h{engine}", "-uroot", "-e",
                    $"CREATE OR REPLACE USER {GatewayProcess.User}@'%' IDENTIFIED BY '{GatewayProcess.Password}'; GRANT ALL ON *.* TO {GatewayProcess.User}@'%'"]);
                return (await root.FinishAsync(10)).Exit == 0;
            },
            TimeSpan.FromSeconds(60), () => Task.FromResult($"{engine} does not answer"));
        await GatewayAccount.MakeAsync("mariadb", Password, $"-h{engine}");
    }

    /// <param name="gateways">Either has a client of its own, and what one of them wakes serves the other's.</param>
    private static async Task SleepsAndWakesAsync(KubernetesApi api, IReadOnlyList<string> gateways)
    {
        using ClientProcess client = Connect(gateways[0]), another = Connect(gateways[1]);
        await client.SendAsync("CREATE DATABASE kept; USE kept; CREATE TABLE t (v VARCHAR(10)); INSERT INTO t VALUES ('kept'); SET @v = 42; SELECT 'ready';");
        Assert.That(await client.ReadLineAsync(60), Is.EqualTo("ready"));
        await Eventually.HoldsAsync(() => Task.FromResult(Replicas(api) == 0 && Pods(api, Engines).Count == 0), TimeSpan.FromSeconds(100), () => Task.FromResult($"it sleeps; it has {Replicas(api)} replicas"));
        long began = Stopwatch.GetTimestamp();
        await another.SendAsync("SELECT v FROM kept.t;");
        Assert.That(await another.ReadLineAsync(60), Is.EqualTo("kept"));
        TestContext.Out.WriteLine($"woken in {Stopwatch.GetElapsedTime(began).TotalSeconds:0.00} s");
        await client.SendAsync("SELECT CONCAT_WS('|', v, @v, DATABASE()) FROM t;");
        Assert.That(await client.ReadLineAsync(60), Is.EqualTo("kept|42|kept"));
        Assert.That(Replicas(api), Is.EqualTo(1));
        string log = Logs(api, Gateways, "gateway");
        Assert.That(log, Does.Contain("ready "), "or it is not the log");
        Assert.That(log, Does.Not.Match(@"(?<![.\d])403\b|[Ff]orbidden"));
        List<string?> told = [];
        await DoubleRig.UntilAsync(
            () => (told = [.. api.ListAsync(Resources.Events, Space, new Selection(Fields: "involvedObject.name=db"), default).Result.Items.Select(one => one.Reason)]).Contains("Suspended") && told.Contains("Resumed"), () => string.Join(", ", told));
    }

    /// <summary>SIGTERM reaches the gateway, which ends long before it would be killed. Its pod may be there for much longer, which is the kubelet's affair; so its log tells.</summary>
    private static async Task EndsInTimeAsync(LabCluster cluster, KubernetesApi api)
    {
        // open before they end, since the files go with the pods
        using var logs = new OpenFiles(LogFiles(api, Gateways, "gateway"));
        long began = Stopwatch.GetTimestamp();
        await Kubectl.RunAsync(cluster.AdminFile, "scale", "deployment/serverless", "--replicas=0");
        await DoubleRig.UntilAsync(() => logs.Read().All(log => log.Contains("] Ended", StringComparison.Ordinal)), () => string.Join('\n', logs.Read()));
        Assert.That(Stopwatch.GetElapsedTime(began), Is.LessThan(TimeSpan.FromSeconds(30)), "without being killed after terminationGracePeriodSeconds, which are 30");
        Assert.That(Replicas(api), Is.EqualTo(1), "the database is left as it is");
    }

    private static int? Replicas(KubernetesApi api) => api.GetAsync(Resources.StatefulSets, Database, default).Result.Spec.Replicas;

    private static IReadOnlyList<Pod> Pods(KubernetesApi api, string labels) => api.ListAsync(Resources.Pods, Space, new Selection(Labels: labels), default).Result.Items;

    private static ClientProcess Connect(string gateway) => ClientProcess.Start("mariadb",
        ["--no-defaults", $"-h{gateway}", $"-u{GatewayProcess.User}", $"-p{GatewayProcess.Password}", "-N", "-B", "-n", "--unbuffered"]);

    private static async Task<IReadOnlyList<string>> AddressesAsync(KubernetesApi api, string labels, int count)
    {
        List<string> addresses = [];
        await DoubleRig.UntilAsync(
            () => (addresses = [.. Pods(api, labels).Select(pod => pod.Status.PodIp).OfType<string>()]).Count == count, () => $"of {count} pods with {labels} these have an address: {string.Join(", ", addresses)}");
        return addresses;
    }

    private static async Task<string> StateAsync(LabCluster cluster)
    {
        using KubernetesApi api = cluster.Connect();
        return string.Join(
            '\n', await Kubectl.RunAsync(cluster.AdminFile, "get", "pods,statefulsets,deployments,pvc,pv", "-o", "wide"),
            await Kubectl.RunAsync(cluster.AdminFile, "get", "events", "--sort-by=.metadata.creationTimestamp"), Logs(api, Gateways, "gateway"), Logs(api, Engines, "mariadb"));
    }

    /// <summary>Where a kubelet keeps what containers print: this one's own API is not reached by its API server.</summary>
    private static string Logs(KubernetesApi api, string labels, string container) => string.Join('\n', LogFiles(api, labels, container).Select(File.ReadAllText));

    private static IEnumerable<string> LogFiles(KubernetesApi api, string labels, string container) => Pods(api, labels)
        .Select(pod => $"/var/log/pods/{Space}_{pod.Metadata.Name}_{pod.Metadata.Uid}/{container}").Where(Directory.Exists)
        .SelectMany(folder => Directory.EnumerateFiles(folder, "*.log"));

    /// <summary>Files that can be read after they were deleted.</summary>
    private sealed class OpenFiles(IEnumerable<string> paths) : IDisposable
    {
        private readonly FileStream[] _files = [.. paths.Select(path => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))];

        public IReadOnlyList<string> Read() => [.. _files.Select(file =>
        {
            file.Position = 0;
            return new StreamReader(file).ReadToEnd();
        })];

        public void Dispose()
        {
            foreach (FileStream file in _files)
            {
                file.Dispose();
            }
        }
    }
}
