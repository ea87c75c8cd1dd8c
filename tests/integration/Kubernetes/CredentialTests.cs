using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Config;
using Serverless.Tests.Integration.Support;
using static Serverless.Tests.Integration.Kubernetes.DoubleRig;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>Who we are and who the server is, over real TLS to the double.</summary>
internal sealed class CredentialTests
{
    private readonly TemporaryDirectory _folder = new();
    private readonly TestAuthority _authority = new();
    private X509Certificate2 _certificate = null!;

    [OneTimeSetUp]
    public void Certify() => _certificate = _authority.Serve("api.example", onLoopback: true);

    [OneTimeTearDown]
    public void Clean()
    {
        _certificate.Dispose();
        _authority.Dispose();
        _folder.Dispose();
    }

    [TestCase("rsa")]
    [TestCase("rsa1")]
    [TestCase("ec")]
    [TestCase("ec1")]
    public async Task ClientCertificate_OfAnyKind_IsShown(string kind)
    {
        await using ApiDouble server = await ApiDouble.StartAsync(_certificate, wantsClientCertificate: true);
        (string certificate, string key) = _authority.Client("anna", kind);
        using KubernetesApi api = Connect(server, $"{{client-certificate-data: {Base64(certificate)}, client-key-data: {Base64(key)}}}");
        await api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        Assert.That((server.Asked.Last().ClientCertificate, server.Asked.Last().Protocol), Is.EqualTo(("CN=anna", "HTTP/2")));
    }

    [Test]
    public async Task ClientCertificate_ReplacedInItsFile_IsShownOnceTheOldOneIsRefused()
    {
        await using ApiDouble server = await ApiDouble.StartAsync(_certificate, wantsClientCertificate: true);
        Write("tls.crt", "tls.key", "old");
        using KubernetesApi api = Connect(server, $"{{client-certificate: {_folder["tls.crt"]}, client-key: {_folder["tls.key"]}}}");
        server.Instead = context => Refuse(context, context.Connection.ClientCertificate?.Subject == "CN=old" && File.Exists(_folder["refuse"]));
        await api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        File.WriteAllText(_folder["refuse"], "");
        Write("tls.crt", "tls.key", "new");
        await api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        Assert.That(server.Asked.Select(asked => asked.ClientCertificate), Is.EqualTo(new[] { "CN=old", "CN=old", "CN=new" }));
    }

    [Test]
    public async Task Server_OfAnotherAuthority_IsNotTalkedTo()
    {
        using var another = new TestAuthority();
        using X509Certificate2 certificate = another.Serve("api.example", onLoopback: true);
        await using ApiDouble server = await ApiDouble.StartAsync(certificate);
        using KubernetesApi api = Connect(server, "{token: secret}");
        ApiException failure = await FailAsync(() => api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default));
        Assert.That((failure.Failure, failure.WasSent), Is.EqualTo((ApiFailure.Unreachable, false)));
        Assert.That(failure.Message, Does.Contain("certificate"));
        Assert.That(server.Asked, Is.Empty);
    }

    [Test]
    public async Task Authority_ReplacedInItsFile_IsTrustedFromThenOn()
    {
        using var another = new TestAuthority();
        File.WriteAllText(_folder["ca.crt"], another.Pem);
        await using ApiDouble server = await ApiDouble.StartAsync(_certificate);
        using KubernetesApi api = Connect(server, "{token: secret}", $"certificate-authority: {_folder["ca.crt"]}");
        await FailAsync(() => api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default));
        File.WriteAllText(_folder["ca.crt"], _authority.Pem);
        await api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        Assert.That(server.Asked, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Server_OfAnotherName_IsTalkedToOnlyWhenThatNameIsExpected()
    {
        using X509Certificate2 certificate = _authority.Serve("kubernetes", onLoopback: false);
        await using ApiDouble server = await ApiDouble.StartAsync(certificate);
        using KubernetesApi refused = Connect(server, "{token: secret}");
        await FailAsync(() => refused.ListAsync(Resources.ConfigMaps, "default", Selection.All, default));
        using KubernetesApi wrong = Connect(server, "{token: secret}", $"certificate-authority-data: {Base64(_authority.Pem)}, tls-server-name: other");
        await FailAsync(() => wrong.ListAsync(Resources.ConfigMaps, "default", Selection.All, default));
        using KubernetesApi named = Connect(server, "{token: secret}", $"certificate-authority-data: {Base64(_authority.Pem)}, tls-server-name: kubernetes");
        await named.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        using KubernetesApi any = Connect(server, "{token: secret, as: auditor}", "insecure-skip-tls-verify: true");
        await any.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        Assert.That((server.Asked.Last().Authorization, server.Asked.Last().Actor), Is.EqualTo(("Bearer secret", "auditor")));
        Assert.That(server.Asked, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task TokenFile_ThatRotated_IsReadAgainWhenTheTokenIsRefused()
    {
        await using ApiDouble server = await ApiDouble.StartAsync(_certificate);
        File.WriteAllText(_folder["token"], "old");
        using KubernetesApi api = Connect(server, $"{{tokenFile: {_folder["token"]}}}");
        await api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        File.WriteAllText(_folder["token"], "new");
        server.Instead = context => Refuse(context, context.Request.Headers.Authorization != "Bearer new");
        await api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        server.Instead = context => Refuse(context, true);
        ApiException failure = await FailAsync(() => api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default));
        Assert.That(failure.Failure, Is.EqualTo(ApiFailure.Unauthorized));
        Assert.That(server.Asked.Select(asked => asked.Authorization), Is.EqualTo(new[] { "Bearer old", "Bearer old", "Bearer new", "Bearer new" }));
    }

    [TestCase("v1")]
    [TestCase("v1beta1")]
    public async Task Plugin_GivesTokens_UntilTheyExpireOrAreRefused(string version)
    {
        await using ApiDouble server = await ApiDouble.StartAsync(_certificate);
        File.Delete(_folder["runs"]);
        string plugin = Script("""
            echo run >>"$FOLDER/runs"
            printf '%s' "$KUBERNETES_EXEC_INFO" >"$FOLDER/info"
            echo "warming up" >&2
            n=$(wc -l <"$FOLDER/runs")
            printf '{"apiVersion":"client.authentication.k8s.io/VERSION","kind":"ExecCredential","status":{"token":"%s-%s","expirationTimestamp":"%s"}}' "$1" "$n" "$(cat "$FOLDER/expires")"
            """.Replace("VERSION", version, StringComparison.Ordinal));
        File.WriteAllText(_folder["expires"], "2030-01-01T00:00:00Z");
        var time = new Authentication.Support.ManualTime();
        using KubernetesApi api = Connect(server, Exec(plugin, version, ", args: [tok], provideClusterInfo: true"), time: time);
        await api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        await api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        File.WriteAllText(_folder["expires"], "2040-01-01T00:00:00Z");
        time.Advance(TimeSpan.FromDays(365 * 4));
        await api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        server.Instead = context => Refuse(context, context.Request.Headers.Authorization == "Bearer tok-2");
        await api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        Assert.That(server.Asked.Select(asked => asked.Authorization), Is.EqualTo(new[] { "Bearer tok-1", "Bearer tok-1", "Bearer tok-2", "Bearer tok-2", "Bearer tok-3" }));
        string info = File.ReadAllText(_folder["info"]);
        Assert.That(info, Does.Contain($"\"apiVersion\":\"client.authentication.k8s.io/{version}\"").And.Contain("\"interactive\":false").And.Contain("\"certificate-authority-data\"").And.Contain(server.Address.Port.ToString(CultureInfo.InvariantCulture)));
    }

    [Test]
    public async Task Plugin_GivesACertificate_WhichIsShown()
    {
        await using ApiDouble server = await ApiDouble.StartAsync(_certificate, wantsClientCertificate: true);
        (string certificate, string key) = _authority.Client("plugin", "ec");
        string plugin = Script("""
            cat <<'X'
            {"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"clientCertificateData":"CERTIFICATE","clientKeyData":"KEY"}}
            X
            """.Replace("CERTIFICATE", certificate.Replace("\n", "\\n", StringComparison.Ordinal), StringComparison.Ordinal).Replace("\"KEY\"", "\"" + key.Replace("\n", "\\n", StringComparison.Ordinal) + "\"", StringComparison.Ordinal));
        using KubernetesApi api = Connect(server, Exec(plugin, "v1"));
        await api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        Assert.That(server.Asked.Single().ClientCertificate, Is.EqualTo("CN=plugin"));
    }

    [TestCase("echo 'no such profile' >&2; exit 3", "ended with 3 instead of giving credentials: no such profile")]
    [TestCase("echo hello", "expected `", TestName = "Plugin_ThatFails_IsToldAndNothingIsSent(text)")]
    [TestCase("""echo '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"x"}}'""", "found `ExecCredential` of `client.authentication.k8s.io/v1beta1`")]
    [TestCase("""echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential"}'""", "to answer with a status, found none")]
    [TestCase("""echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{}}'""", "found neither")]
    [TestCase("""echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"clientKeyData":"x","token":"y"}}'""", "found one")]
    [TestCase("yes", "to print less than")]
    public async Task Plugin_ThatFails_IsToldAndNothingIsSent(string script, string expected)
    {
        await using ApiDouble server = await ApiDouble.StartAsync(_certificate);
        using KubernetesApi api = Connect(server, Exec(Script(script), "v1"));
        ApiException failure = await FailAsync(() => api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default));
        Assert.That(failure.Failure, Is.EqualTo(ApiFailure.NoCredentials));
        Assert.That(failure.Message, Does.Contain(expected).And.Contain("users[0].user.exec"));
        Assert.That(server.Asked, Is.Empty);
    }

    [Test]
    public async Task Plugin_ThatManyCallsWaitFor_RunsOnce()
    {
        await using ApiDouble server = await ApiDouble.StartAsync(_certificate);
        File.Delete(_folder["once"]);
        string plugin = Script("""
            echo run >>"$FOLDER/once"
            sleep 0.2
            echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"x"}}'
            """);
        using KubernetesApi api = Connect(server, Exec(plugin, "v1"));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default)));
        Assert.That(await File.ReadAllLinesAsync(_folder["once"]), Has.Length.EqualTo(1));
        Assert.That(server.Asked, Has.Count.EqualTo(8));
    }

    [Test]
    public async Task Proxy_ThatIsNamed_IsGoneThrough()
    {
        await using ApiDouble proxy = await ApiDouble.StartAsync();
        KubeconfigFile file = KubeconfigFile.Parse(_folder["kubeconfig"], $$"""
            clusters: [{name: c, cluster: {server: "http://api.invalid", proxy-url: "{{proxy.Address}}"} }]
            contexts: [{name: x, context: {cluster: c} }]
            current-context: x
            """);
        using var api = new KubernetesApi(new Kubeconfig([file], TimeProvider.System).Choose(null), Quick, new ApiCallStatistics(), TimeProvider.System);
        await api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        Assert.That(proxy.Asked, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Plugin_ThatIsNotThere_IsToldWithItsHint()
    {
        await using ApiDouble server = await ApiDouble.StartAsync(_certificate);
        using KubernetesApi api = Connect(server, Exec("no-such-plugin-anywhere", "v1", ", installHint: Get it from the shop"));
        ApiException failure = await FailAsync(() => api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default));
        Assert.That(failure.Message, Does.Contain("no-such-plugin-anywhere").And.Contain("Get it from the shop"));
    }

    /// <summary>Whoever may write where we were started would give us our credentials.</summary>
    [Test]
    public async Task Plugin_WithoutASlash_IsLookedForInPathAlone()
    {
        await using ApiDouble server = await ApiDouble.StartAsync(_certificate);
        string script = Script("""echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"x"}}'""");
        string name = $"plugin-{Guid.NewGuid():N}", here = Path.Combine(Directory.GetCurrentDirectory(), name);
        File.Copy(script, here);
        try
        {
            using KubernetesApi api = Connect(server, Exec(name, "v1"));
            ApiException failure = await FailAsync(() => api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default));
            Assert.That(failure.Message, Does.Contain("no folder of PATH"));
            using KubernetesApi found = Connect(server, Exec("bash", "v1", $", args: [{script}]"));
            await found.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        }
        finally
        {
            File.Delete(here);
        }
    }

    [Test]
    public async Task Plugin_ThatTheFirstCallDoesNotWaitFor_RunsOnForTheNext()
    {
        await using ApiDouble server = await ApiDouble.StartAsync(_certificate);
        File.Delete(_folder["slow"]);
        File.Delete(_folder["go"]);
        string plugin = Script("""
            echo run >>"$FOLDER/slow"
            until [ -e "$FOLDER/go" ]; do sleep 0.02; done
            echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"x"}}'
            """);
        using KubernetesApi api = Connect(server, Exec(plugin, "v1"));
        using var impatient = new CancellationTokenSource();
        Task first = api.ListAsync(Resources.ConfigMaps, "default", Selection.All, impatient.Token);
        await UntilAsync(() => File.Exists(_folder["slow"]), () => "it does not run");
        await impatient.CancelAsync();
        Assert.That(async () => await first, Throws.InstanceOf<OperationCanceledException>());
        await File.WriteAllTextAsync(_folder["go"], "");
        await api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
        Assert.That(await File.ReadAllLinesAsync(_folder["slow"]), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task Plugin_WhoseChildLivesOn_IsToldByItsOwnEnd()
    {
        await using ApiDouble server = await ApiDouble.StartAsync(_certificate);
        using KubernetesApi api = Connect(server, Exec(Script("sleep 4 >/dev/null & exit 3"), "v1"));
        ApiException failure = await FailAsync(() => api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default));
        Assert.That(failure.Message, Does.Contain("ended with 3"));
        api.Dispose();
    }

    /// <summary>A call that was given its certificate before another took its place must not make it the current one again.</summary>
    [Test]
    public async Task Transport_AskedForAnOldCertificate_DoesNotGoBackToIt()
    {
        await using ApiDouble server = await ApiDouble.StartAsync(_certificate);
        ClientCertificate[] all = [.. new[] { "a", "b", "c" }.Select(name => _authority.Client(name, "ec")).Select(pair => ClientCertificate.Parse(pair.Certificate, pair.Key, "certificate", "key"))];
        using var transport = new ApiTransport(Access(server, "{token: secret}"), Quick);
        HttpMessageInvoker a = transport.Use(all[0])!, b = transport.Use(all[1])!;
        Assert.That((transport.Use(all[0]), transport.Use(all[1])), Is.EqualTo((a, b)));
        HttpMessageInvoker c = transport.Use(all[2])!;
        Assert.That((transport.Use(all[0]), transport.Use(all[1]), transport.Use(all[2])), Is.EqualTo(((HttpMessageInvoker?)null, b, c)));
    }

    private static async Task<bool> Refuse(Microsoft.AspNetCore.Http.HttpContext context, bool refuse)
    {
        if (refuse) await ApiDouble.RefuseAsync(context, 401, "Unauthorized", "Unauthorized");
        return refuse;
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Exec(string command, string version, string more = "") =>
        $"{{exec: {{command: {command}, apiVersion: client.authentication.k8s.io/{version}, interactiveMode: IfAvailable{more}}}}}";

    private void Write(string certificateFile, string keyFile, string name)
    {
        (string certificate, string key) = _authority.Client(name, "ec");
        File.WriteAllText(_folder[certificateFile], certificate);
        File.WriteAllText(_folder[keyFile], key);
    }

    private string Script(string text)
    {
        string file = _folder["plugin"];
        File.WriteAllText(file, $"#!/bin/bash\nFOLDER={_folder.Path}\n{text}\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return file;
    }

    private KubernetesApi Connect(ApiDouble server, string user, string? trust = null, TimeProvider? time = null) =>
        new(Access(server, user, trust, time), Quick, new ApiCallStatistics(), TimeProvider.System);

    private ClusterAccess Access(ApiDouble server, string user, string? trust = null, TimeProvider? time = null)
    {
        trust ??= "certificate-authority-data: " + Base64(_authority.Pem);
        KubeconfigFile file = KubeconfigFile.Parse(_folder["kubeconfig"], $$"""
            clusters: [{name: c, cluster: {server: "{{server.Address}}", {{trust}} } }]
            users: [{name: u, user: {{user}} }]
            contexts: [{name: x, context: {cluster: c, user: u} }]
            current-context: x
            """);
        return new Kubeconfig([file], time ?? TimeProvider.System).Choose(null);
    }
}
