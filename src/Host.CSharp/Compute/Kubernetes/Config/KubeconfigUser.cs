using System.Net.Http.Headers;

namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>An entry of `users`.</summary>
internal sealed class KubeconfigUser(YamlMap user, string folder, KubeconfigCluster cluster, TimeProvider time)
{
    private const string PluginGroup = "client.authentication.k8s.io/";

    /// <exception cref="ComputeException">They are not complete, or contradict each other.</exception>
    public ICredentials Credentials()
    {
        if (user.Map("auth-provider") is { } provider)
        {
            throw new ComputeException($"{provider.Where}: expected `exec` or a token; found `auth-provider`, which Kubernetes gave up in 1.26: use the vendor's credential plugin");
        }

        PemSource? certificate = KubeconfigPem.Of(user, "client-certificate", folder);
        PemSource? key = KubeconfigPem.Of(user, "client-key", folder);
        if ((certificate is null) != (key is null))
        {
            throw new ComputeException($"{user.Where}: expected both client-certificate and client-key (or their -data), found only {(key is null ? "the certificate" : "the key")}");
        }

        string? tokenFile = user.Text("tokenFile") is { } file ? Path.GetFullPath(file, folder) : null;
        var stated = new UserCredentials(Header(), tokenFile, certificate, key, user.KeyAt(tokenFile is null ? "token" : "tokenFile"), time);
        return user.Map("exec") is { } exec ? new ExecCredentials(Plugin(exec), stated, time) : stated;
    }

    /// <summary>Headers that make the server take us for somebody else, see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Impersonation(YamlMap user)
    {
        var headers = new List<KeyValuePair<string, string>>();
        if (user.Text("as") is { } name)
        {
            headers.Add(new("Impersonate-User", name));
        }

        if (user.Text("as-uid") is { } uid)
        {
            headers.Add(new("Impersonate-Uid", uid));
        }

        headers.AddRange(user.Texts("as-groups").Select(group => new KeyValuePair<string, string>("Impersonate-Group", group)));
        foreach ((string key, IReadOnlyList<string> values) in user.Map("as-user-extra")?.TextLists() ?? [])
        {
            headers.AddRange(values.Select(value => new KeyValuePair<string, string>("Impersonate-Extra-" + Uri.EscapeDataString(key), value)));
        }

        if (headers.Count > 0 && user.Text("as") is null)
        {
            throw new ComputeException($"{user.Where}: expected `as` beside as-uid, as-groups or as-user-extra, found none: name the user to act as");
        }

        return headers.Find(header => header.Value.AsSpan().ContainsAnyInRange('\0', '\x1f')) is { Key: not null } bad
            ? throw new ComputeException($"{user.Where}: expected plain text to act as, found control characters ({bad.Key})")
            : headers;
    }

    private AuthenticationHeaderValue? Header()
    {
        string? token = user.Text("token");
        string? name = user.Text("username");
        if (name is not null && (token is not null || user.Text("tokenFile") is not null))
        {
            throw new ComputeException($"{user.Where}: expected a token or a username, found both: take one away");
        }

        return token is not null
            ? Credential.Bearer(token, user.KeyAt("token"))
            : name is not null ? Credential.Basic(name, user.Text("password") ?? "") : null;
    }

    private ExecPlugin Plugin(YamlMap exec)
    {
        string version = exec.Needed("apiVersion");
        if (version is not (PluginGroup + "v1" or PluginGroup + "v1beta1"))
        {
            throw new ComputeException($"{exec.KeyAt("apiVersion")}: expected {PluginGroup}v1 or v1beta1, found `{version}`: renew the plugin and its entry");
        }

        string? mode = exec.Text("interactiveMode");
        switch (mode)
        {
            case "Always":
                throw new ComputeException($"{exec.KeyAt("interactiveMode")}: the plugin wants to ask somebody, and there is nobody to be asked here: use a token or a certificate");
            case null when version.EndsWith("/v1", StringComparison.Ordinal):
            case not (null or "Never" or "IfAvailable"):
                throw new ComputeException($"{exec.KeyAt("interactiveMode")}: expected Never, IfAvailable or Always, found {(mode is null ? "none" : $"`{mode}`")}");
            default:
                break;
        }

        string command = exec.Needed("command");
        return new ExecPlugin
        {
            ApiVersion = version,
            // with a slash in it, it is a path from where the file is; without, it is found by PATH
            Command = command.Contains('/', StringComparison.Ordinal) ? Path.GetFullPath(command, folder) : command,
            Arguments = exec.Texts("args"),
            Environment = [.. exec.Maps("env").Select(one => new KeyValuePair<string, string>(one.Needed("name"), one.Text("value") ?? ""))],
            InstallHint = exec.Text("installHint"),
            Cluster = exec.Flag("provideClusterInfo") ? cluster.ForPlugin() : null,
            Where = exec.Where,
        };
    }
}
