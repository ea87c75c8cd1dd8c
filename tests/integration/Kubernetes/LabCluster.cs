using System.Net;
using System.Text;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Config;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>
/// A real Kubernetes control plane of a test. SERVERLESS_TEST_KUBE names a program that starts one (`up DIR PORT`, which writes DIR/kubeconfig; `down DIR`,
/// `stop-api DIR`, `start-api DIR`, `bin NAME`), and SERVERLESS_TEST_KUBE_NODE one that gives it a node (`up DIR`, `down DIR`, `import DIR ROOTFS NAME:TAG COMMAND…`) with the image `docker.io/lab/mariadb:1`; without the first SERVERLESS_TEST_KUBECONFIG names one that runs, for the tests that need not stop it.
/// </summary>
internal sealed class LabCluster : IDisposable
{
    private static readonly string? Program = Environment.GetEnvironmentVariable("SERVERLESS_TEST_KUBE");
    private static readonly string? Given = Environment.GetEnvironmentVariable("SERVERLESS_TEST_KUBECONFIG");
    private static readonly Lazy<Task<LabCluster>> Shared = new(StartAsync);

    private static readonly string? Node = Environment.GetEnvironmentVariable("SERVERLESS_TEST_KUBE_NODE");

    private readonly TemporaryDirectory _folder = new();
    private readonly HttpClient _http;
    private bool _disposed;

    private LabCluster(string? kubeconfig, int port)
    {
        (AdminFile, Port) = (kubeconfig ?? _folder["kubeconfig"], port);
#pragma warning disable CA5359, MA0039 // to prepare a test; the client under test judges the certificate
        _http = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
#pragma warning restore CA5359, MA0039
    }

    public string AdminFile { get; }

    public string Folder => _folder.Path;

    private int Port { get; }

    /// <summary>The one of this run; ends the calling test as skipped when there is none to be had.</summary>
    public static Task<LabCluster> RequireAsync(bool own = false)
    {
        if (string.IsNullOrEmpty(Program) && (own || string.IsNullOrEmpty(Given)))
        {
            Assert.Ignore(own
                ? "SERVERLESS_TEST_KUBE does not name a program that starts and stops a Kubernetes control plane; set it to run this test."
                : "Neither SERVERLESS_TEST_KUBE (a program that starts a Kubernetes control plane) nor SERVERLESS_TEST_KUBECONFIG (of one that runs) is set; set one to run this test.");
        }

        return Shared.Value;
    }

    /// <summary>One with a node that runs real pods, for the calling test alone; ends it as skipped when there is none to be had.</summary>
    public static async Task<LabCluster> RequireNodeAsync()
    {
        if (string.IsNullOrEmpty(Program) || string.IsNullOrEmpty(Node))
        {
            Assert.Ignore("SERVERLESS_TEST_KUBE and SERVERLESS_TEST_KUBE_NODE do not name programs that start a Kubernetes control plane and a node for it; set them, as root, to run this test.");
        }

        LabCluster cluster = await StartAsync();
        await EngineProcess.RunAsync(Node, "up", cluster.Folder);
        return cluster;
    }

    /// <summary>Gives the node an image of this root filesystem, which runs this command.</summary>
    public Task ImportAsync(string root, string name, params string[] command) => EngineProcess.RunAsync(Node!, ["import", Folder, root, name, .. command]);

    /// <summary>Ends a cluster with a node of its own. Its pods go before it: a network that nobody took down would stay on the machine, and take the addresses of the next node's pods.</summary>
    public async Task EndNodeAsync()
    {
        using (KubernetesApi api = Connect())
        {
            foreach (StatefulSet set in (await api.ListAsync(Resources.StatefulSets, "default", Selection.All, default)).Items)
            {
                await api.DeleteAsync(Resources.StatefulSets, new ObjectName("default", set.Metadata.Name), null, default);
            }

            foreach (Pod pod in (await api.ListAsync(Resources.Pods, "default", Selection.All, default)).Items)
            {
                await api.DeleteAsync(Resources.Pods, new ObjectName("default", pod.Metadata.Name), null, default);
            }

            await DoubleRig.UntilAsync(() => api.ListAsync(Resources.Pods, "default", Selection.All, default).Result.Items.Count == 0, () => "the pods do not end", seconds: 120);
        }

        await EngineProcess.RunAsync(Node!, "down", Folder);
        Dispose();
    }

    /// <param name="account">A kubeconfig with another account for the same cluster; null: the administrator.</param>
    public KubernetesApi Connect(string? account = null) => new(AccessOf(account), new ApiOptions(), new ApiCallStatistics(), TimeProvider.System);

    /// <inheritdoc cref="Connect"/>
    public ClusterAccess AccessOf(string? account = null) => new Kubeconfig([.. new[] { account, AdminFile }.OfType<string>().Select(KubeconfigFile.Read)], TimeProvider.System).Choose(null);

    /// <summary>The API server is away meanwhile, and there again whatever becomes of it: others need it.</summary>
    public async Task WithoutApiAsync(Func<Task> meanwhile)
    {
        try
        {
            await EngineProcess.RunAsync(Program!, "stop-api", Folder);
            await meanwhile();
        }
        finally
        {
            await EngineProcess.RunAsync(Program!, "start-api", Folder);
        }
    }

    /// <summary>Makes the store forget all that is older than now, so that a version from before is gone.</summary>
    public async Task CompactAsync()
    {
        string etcd = $"http://127.0.0.1:{Port + 1}";
        string range = await PostAsync($"{etcd}/v3/kv/range", """{"key": "YQ=="}""");
        string revision = System.Text.Json.Nodes.JsonNode.Parse(range)!["header"]!["revision"]!.ToString();
        await PostAsync($"{etcd}/v3/kv/compaction", $$"""{"revision": "{{revision}}", "physical": true}""");
    }

    /// <summary>As the administrator, what the client under test has no call for. What is there already may stay.</summary>
    public Task<string> PostAsAdminAsync(string path, string body) => AskAsAdminAsync(HttpMethod.Post, path, body);

    /// <inheritdoc cref="PostAsAdminAsync"/>
    public Task<string> GetAsAdminAsync(string path) => AskAsAdminAsync(HttpMethod.Get, path, null);

    /// <summary>A service account in the namespace `default` that has these rules of a Role and no others.</summary>
    /// <param name="through">Where the API server is for it; null: where it listens.</param>
    /// <returns>A kubeconfig with its token in a file; the cluster is told by <see cref="AdminFile"/>, unless it is to be whole.</returns>
    public async Task<string> AccountAsync(string name, string rules, bool isWhole = false, Uri? through = null)
    {
        const string space = "default";
        string Named(string json) => json.Replace("NAME", name, StringComparison.Ordinal).Replace("RULES", rules, StringComparison.Ordinal);
        await PostAsAdminAsync($"/api/v1/namespaces/{space}/serviceaccounts", Named("""{"metadata": {"name": "NAME"}}"""));
        await PostAsAdminAsync($"/apis/rbac.authorization.k8s.io/v1/namespaces/{space}/roles", Named("""{"metadata": {"name": "NAME"}, "rules": [RULES]}"""));
        await PostAsAdminAsync($"/apis/rbac.authorization.k8s.io/v1/namespaces/{space}/rolebindings", Named("""
            {"metadata": {"name": "NAME"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "NAME"}, "subjects": [{"kind": "ServiceAccount", "name": "NAME", "namespace": "default"}]}
            """));
        string answer = await PostAsAdminAsync($"/api/v1/namespaces/{space}/serviceaccounts/{name}/token", """{"spec": {"expirationSeconds": 3600}}""");
        await File.WriteAllTextAsync(Path.Combine(Folder, name + ".token"), System.Text.Json.Nodes.JsonNode.Parse(answer)!["status"]!["token"]!.ToString());
        string file = Path.Combine(Folder, name + ".kubeconfig");
        string known = isWhole ? "whole" : KubeconfigFile.Read(AdminFile).Clusters[0].Name;
        Uri server = through ?? AccessOf().Server;
        await File.WriteAllTextAsync(file, $$"""
            {{(isWhole ? $$"""clusters: [{name: whole, cluster: {server: "{{server}}", insecure-skip-tls-verify: true} }]""" : "")}}
            users: [{name: account, user: {tokenFile: {{name}}.token} }]
            contexts: [{name: account, context: {cluster: {{known}}, user: account} }]
            current-context: account
            """);
        return file;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, true)) return;
        if (Port != 0)
        {
            EngineProcess.RunAsync(Program!, "down", Folder).GetAwaiter().GetResult();
        }

        _http.Dispose();
        _folder.Dispose();
    }

    private static async Task<LabCluster> StartAsync()
    {
        if (string.IsNullOrEmpty(Program)) return RunCleanup.Keep(new LabCluster(Given, 0));
        int port = FreePorts.Take(5);
        LabCluster cluster = RunCleanup.Keep(new LabCluster(null, port));
        await EngineProcess.RunAsync(Program!, "up", cluster.Folder, $"{port}");
        return cluster;
    }

    private async Task<string> AskAsAdminAsync(HttpMethod method, string path, string? body)
    {
        ClusterAccess access = new ClusterAccessFinder(_ => null, TimeProvider.System).Find(AdminFile, null);
        using var request = new HttpRequestMessage(method, new Uri(access.Server, path.TrimStart('/')));
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.Authorization = (await access.Credentials.GetAsync(default)).Header;
        using HttpResponseMessage response = await _http.SendAsync(request);
        string answer = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode || (method == HttpMethod.Post && response.StatusCode == HttpStatusCode.Conflict) ? answer : throw new InvalidOperationException($"{path}: {answer}");
    }

    private async Task<string> PostAsync(string address, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _http.PostAsync(new Uri(address), content);
        return await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
    }
}
