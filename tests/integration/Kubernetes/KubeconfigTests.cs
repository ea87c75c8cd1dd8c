using System.Globalization;
using System.Text;
using Serverless.Host.Compute;
using Serverless.Host.Compute.Kubernetes.Config;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>What a kubeconfig comes to, and what is said of one that comes to nothing.</summary>
internal sealed class KubeconfigTests
{
    private readonly TemporaryDirectory _folder = new();

    [OneTimeTearDown]
    public void Clean() => _folder.Dispose();

    [Test]
    public async Task File_WithAllThereIs_IsUnderstood()
    {
        ClusterAccess access = Parse("""
            apiVersion: v1
            kind: Config
            some-key-of-tomorrow: {a: [1, 2]}
            current-context: blue
            contexts:
            - name: green
              context: {cluster: blue, user: nobody}
            - name: blue
              context: {cluster: blue, user: me, namespace: shop}
            clusters:
            - name: blue
              cluster:
                server: https://blue.example:6443/prefix
                tls-server-name: kubernetes
                proxy-url: socks5://proxy.example:1080
                insecure-skip-tls-verify: true
            users:
            - name: me
              user:
                username: anna
                password: s:cret
                as: auditor
                as-groups: [readers, writers]
                as-user-extra: {"example.com/scope": [view]}
            """).Choose(null);
        Assert.That((access.Server.AbsoluteUri, access.Namespace, access.Trust.ServerName, access.Trust.IsInsecure, access.Proxy!.Scheme), Is.EqualTo(("https://blue.example:6443/prefix/", "shop", "kubernetes", true, "socks5")));
        Assert.That((await access.Credentials.GetAsync(default)).Header!.ToString(), Is.EqualTo("Basic " + Convert.ToBase64String("anna:s:cret"u8)));
        Assert.That(access.Headers.Select(header => $"{header.Key}={header.Value}"), Is.EqualTo(new[] { "Impersonate-User=auditor", "Impersonate-Group=readers", "Impersonate-Group=writers", "Impersonate-Extra-example.com%2Fscope=view" }));
        Assert.That(access.Source, Does.Contain("context `blue`"));
    }

    [Test]
    public async Task Files_Several_AreTakenTogetherAndTheFirstCounts()
    {
        string first = Write("first", """
            current-context: one
            contexts: [{name: one, context: {cluster: c, user: u}}]
            users: [{name: u, user: {tokenFile: token}}]
            """);
        string second = Write("sub/second", """
            current-context: two
            contexts: [{name: one, context: {cluster: other}}, {name: two, context: {cluster: c, user: u, namespace: n2}}]
            clusters: [{name: c, cluster: {server: "https://second:1"}}]
            users: [{name: u, user: {token: second}}]
            """);
        Write("token", "from-file\n");
        ClusterAccessFinder finder = Finder($"{first}:{_folder["missing"]}:{second}");
        Assert.That(finder.Find(null, null).Server.Host, Is.EqualTo("second"));
        Assert.That((await finder.Find(null, null).Credentials.GetAsync(default)).Header!.Parameter, Is.EqualTo("from-file"), "the whole entry of the first file, and a path from where that is");
        Assert.That(finder.Find(null, "two").Namespace, Is.EqualTo("n2"));
    }

    [Test]
    public void File_ThatIsNamedAndNotThere_IsMissed()
    {
        Assert.That(() => Finder(_folder["missing"]).Find(null, null), Throws.TypeOf<ComputeException>().With.Message.Contains("there is no such file"));
        Assert.That(() => Finder(null).Find(null, null), Throws.TypeOf<ComputeException>().With.Message.Contains("this is no pod"));
    }

    [TestCase("contexts: []", "expected `current-context`, found none")]
    [TestCase("current-context: x\ncontexts: [{name: y, context: {cluster: c}}]", "expected `x` among the contexts, asked for, found `y`")]
    [TestCase("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]", "expected `c` among the clusters, named by")]
    [TestCase("current-context: x\ncontexts: [{name: x, context: {}}]", "line 2: contexts[0].context: expected `cluster`, found none")]
    [TestCase("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'ftp://x'}}]", "line 3: clusters[0].cluster.server: expected an address like https://10.0.0.1:6443, found `ftp://x`")]
    [TestCase("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://x', certificate-authority-data: '%'}}]", "certificate-authority-data: expected base64")]
    [TestCase("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://x', certificate-authority-data: aGVsbG8=}}]", "(BEGIN CERTIFICATE), found none")]
    [TestCase("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://x', certificate-authority: nowhere.crt}}]", "nowhere.crt cannot be read")]
    [TestCase("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://x', insecure-skip-tls-verify: perhaps}}]", "expected true or false, found `perhaps`")]
    [TestCase("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://x', tls-server-name: 'a b'}}]", "tls-server-name: expected the name of a host, found `a b`")]
    [TestCase("current-context: x\ncontexts: [{name: x, context: [1]}]", "expected a map, found a list")]
    [TestCase("contexts: {a: b}", "expected a list, found a map")]
    [TestCase("contexts: [", "expected a kubeconfig in YAML")]
    [TestCase("- a\n- b", "found no map")]
    public void File_ThatIsNotComplete_IsToldWhereAndWhat(string text, string expected) =>
        Assert.That(() => Parse(text).Choose(null), Throws.TypeOf<ComputeException>().With.Message.Contains(expected));

    [TestCase("{token: a, username: b}", "expected a token or a username, found both")]
    [TestCase("{client-certificate-data: aGVsbG8=}", "found only the certificate")]
    [TestCase("{client-certificate-data: aGVsbG8=, client-key-data: aGVsbG8=}", "expected a certificate and its RSA or EC key")]
    [TestCase("{auth-provider: {name: gcp}}", "use the vendor's credential plugin")]
    [TestCase("{token: \"a b\"}", "expected a token of visible characters")]
    [TestCase("{tokenFile: \"a\\0b\"}", "users[0].user.tokenFile: expected a text, found a NUL in it")]
    [TestCase("{as-groups: [a]}", "expected `as` beside")]
    [TestCase("{exec: {command: x, apiVersion: client.authentication.k8s.io/v1alpha1}}", "expected client.authentication.k8s.io/v1 or v1beta1, found")]
    [TestCase("{exec: {command: x, apiVersion: client.authentication.k8s.io/v1}}", "expected Never, IfAvailable or Always, found none")]
    [TestCase("{exec: {command: x, apiVersion: client.authentication.k8s.io/v1beta1, interactiveMode: Always}}", "there is nobody to be asked here")]
    [TestCase("{exec: {apiVersion: client.authentication.k8s.io/v1beta1}}", "users[0].user.exec: expected `command`, found none")]
    public void User_ThatCannotBe_IsToldWhereAndWhat(string user, string expected) =>
        Assert.That(() => Parse(With(user)).Choose(null), Throws.TypeOf<ComputeException>().With.Message.Contains(expected));

    /// <summary>Nesting that would overflow the stack of a reader that calls itself, and aliases that would multiply.</summary>
    [Test]
    public void File_MadeToHarm_IsRefusedOrHarmless()
    {
        Assert.That(() => Parse(new string('[', 200_000)), Throws.TypeOf<ComputeException>());
        Assert.That(() => Parse(string.Concat(Enumerable.Repeat("{a: ", 100_000))), Throws.TypeOf<ComputeException>());
        var laughs = new StringBuilder("a0: &a0 [x, x]\n");
        for (int i = 1; i < 40; i++) laughs.Append(CultureInfo.InvariantCulture, $"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n");
        laughs.Append("*a39 : x\n");
        Assert.That(() => Parse(laughs.ToString()).Choose(null), Throws.TypeOf<ComputeException>().With.Message.Contains("more than 30 aliases"));
    }

    [Test]
    public void File_WithBytesChanged_IsUnderstoodOrRefused()
    {
        var random = new Random(3);
        string good = With("{exec: {command: x, args: [a, b], env: [{name: A, value: b}], apiVersion: client.authentication.k8s.io/v1beta1}}");
        for (int i = 0; i < 3000; i++)
        {
            char[] text = good.ToCharArray();
            for (int k = random.Next(1, 4); k > 0; k--) text[random.Next(text.Length)] = (char)random.Next(1, 127);
            try
            {
                Parse(new string(text)).Choose(null);
            }
            catch (ComputeException e)
            {
                Assert.That(e.Message, Is.Not.Empty);
            }
        }
    }

    [Test]
    public async Task InCluster_Account_IsFoundAndItsTokenReadAgain()
    {
        using var authority = new TestAuthority();
        Write("account/token", "first");
        Write("account/ca.crt", authority.Pem);
        Write("account/namespace", "shop\n");
        var time = new Authentication.Support.ManualTime();
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["KUBERNETES_SERVICE_HOST"] = "fd00::1", ["KUBERNETES_SERVICE_PORT"] = "443" };
        ClusterAccess access = new ClusterAccessFinder(variables.GetValueOrDefault, time) { AccountFolder = _folder["account"] }.Find(null, null);
        Assert.That((access.Server.AbsoluteUri, access.Namespace), Is.EqualTo(("https://[fd00::1]/", "shop")));
        Credential first = await access.Credentials.GetAsync(default);
        Assert.That(await access.Credentials.RenewAsync(first, default), Is.False, "there is no other");
        Write("account/token", "second");
        Assert.That((await access.Credentials.GetAsync(default)).Header!.Parameter, Is.EqualTo("first"), "not at each call");
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.That((await access.Credentials.GetAsync(default)).Header!.Parameter, Is.EqualTo("second"));
        Write("account/token", "third");
        Assert.That(await access.Credentials.RenewAsync(await access.Credentials.GetAsync(default), default), Is.True, "refused: at once");
        File.Delete(_folder["account/token"]);
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.That((await access.Credentials.GetAsync(default)).Header!.Parameter, Is.EqualTo("third"), "being replaced: the last one is used on");
    }

    private static string With(string user) =>
        $"current-context: x\ncontexts: [{{name: x, context: {{cluster: c, user: u}}}}]\nclusters: [{{name: c, cluster: {{server: 'https://x'}}}}]\nusers: [{{name: u, user: {user}}}]\n";

    private static Kubeconfig Parse(string text) => new([KubeconfigFile.Parse("/tmp/none/kubeconfig", text)], TimeProvider.System);

    private static ClusterAccessFinder Finder(string? kubeconfig) => new(name => name == "KUBECONFIG" ? kubeconfig : null, TimeProvider.System);

    private string Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        File.WriteAllText(_folder[name], text);
        return _folder[name];
    }
}
