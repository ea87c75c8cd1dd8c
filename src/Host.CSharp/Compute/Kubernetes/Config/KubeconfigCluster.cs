namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>An entry of `clusters`.</summary>
internal sealed class KubeconfigCluster
{
    private readonly PemSource? _authority;

    /// <exception cref="ComputeException">It is not complete, or says two things.</exception>
    public KubeconfigCluster(YamlMap cluster, string folder)
    {
        Server = ReadServer(cluster);
        _authority = KubeconfigPem.Of(cluster, "certificate-authority", folder);
        string? name = cluster.Text("tls-server-name");
        if (name is not null && Uri.CheckHostName(name) == UriHostNameType.Unknown)
        {
            throw new ComputeException($"{cluster.KeyAt("tls-server-name")}: expected the name of a host, found `{name}`");
        }

        bool insecure = cluster.Flag("insecure-skip-tls-verify");
        if (insecure && _authority is not null)
        {
            throw new ComputeException($"{cluster.KeyAt("insecure-skip-tls-verify")}: expected either this or a certificate authority, found both: take one away");
        }

        Trust = insecure ? ServerTrust.Anybody(name) : ServerTrust.Of(_authority, name);
        Proxy = ReadProxy(cluster);
    }

    public Uri Server { get; }

    public ServerTrust Trust { get; }

    public Uri? Proxy { get; }

    /// <summary>As a credential plugin is told of it.</summary>
    public ExecCluster ForPlugin() => new()
    {
        Server = Server.AbsoluteUri.TrimEnd('/'),
        TlsServerName = Trust.ServerName,
        InsecureSkipTlsVerify = Trust.IsInsecure,
        CertificateAuthorityData = _authority is null ? null : System.Text.Encoding.UTF8.GetBytes(_authority.Read()),
        ProxyUrl = Proxy?.OriginalString,
    };

    private static Uri ReadServer(YamlMap cluster)
    {
        string text = cluster.Needed("server");
        // the name of a host alone means https, as for kubectl
        string whole = text.Contains("://", StringComparison.Ordinal) ? text : "https://" + text;
        return Uri.TryCreate(whole.TrimEnd('/') + "/", UriKind.Absolute, out Uri? server) && server.Scheme is "https" or "http" && server.Query.Length == 0 && server.UserInfo.Length == 0
            ? server
            : throw new ComputeException($"{cluster.KeyAt("server")}: expected an address like https://10.0.0.1:6443, found `{text}`");
    }

    private static Uri? ReadProxy(YamlMap cluster)
    {
        if (cluster.Text("proxy-url") is not { } text)
        {
            return null;
        }

        return Uri.TryCreate(text, UriKind.Absolute, out Uri? proxy) && proxy.Scheme is "http" or "https" or "socks5"
            ? proxy
            : throw new ComputeException($"{cluster.KeyAt("proxy-url")}: expected an address of the scheme http, https or socks5, found another");
    }
}
