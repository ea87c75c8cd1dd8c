namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>A program that gives out credentials, see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins.</summary>
internal sealed record ExecPlugin
{
    /// <summary>Of the answer too.</summary>
    public required string ApiVersion { get; init; }

    /// <summary>As it is run: found by PATH when it has no slash.</summary>
    public required string Command { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>What to tell whoever has not got it.</summary>
    public string? InstallHint { get; init; }

    /// <summary>The cluster, for a plugin that wants to know; null: it does not.</summary>
    public ExecCluster? Cluster { get; init; }

    /// <summary>The key that names it, for messages.</summary>
    public required string Where { get; init; }
}
