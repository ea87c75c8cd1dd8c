using Serverless.Tests.Integration.Kubernetes.Deploy;

namespace Serverless.Tests.Integration.Kubernetes.Rights;

/// <summary>One verb on one resource, as a Role allows it.</summary>
internal sealed record Right(string Group, string Resource, string Verb)
{
    /// <summary>What the shipped Roles allow, verb by verb.</summary>
    public static IReadOnlyList<Right> Shipped { get; } =
    [
        .. new[] { "gateway/account.yaml", "components/shared-accounts/role.yaml" }.SelectMany(file => ManifestFiles.Read(file, "Role")["rules"]!.AsArray()).SelectMany(rule =>
            from allowed in new[] { rule! }
            from grouped in allowed["apiGroups"]!.AsArray()
            from resource in allowed["resources"]!.AsArray()
            from verb in allowed["verbs"]!.AsArray()
            select new Right($"{grouped}", $"{resource}", $"{verb}")),
    ];

    /// <summary>As a rule of a Role, in JSON.</summary>
    public string AsRule => $$"""{"apiGroups": ["{{Group}}"], "resources": ["{{Resource}}"], "verbs": ["{{Verb}}"]}""";

    /// <summary>What is said where it is missing: verb, resource and namespace, and what to do.</summary>
    public string Demand(string space) => $"Allow this account the verb `{Verb}` on `{Resource}` of the API group `{Group}` in the namespace `{space}`";

    public override string ToString() => $"{Verb} {Resource}{(Group.Length == 0 ? "" : $".{Group}")}";
}
