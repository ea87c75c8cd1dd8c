using Serverless.Host.Compute.Kubernetes.Api;

namespace Serverless.Host.Compute.Kubernetes.Fleet;

/// <summary>Names of what the gateways of one fleet write.</summary>
/// <param name="Space">Namespace of the gateways.</param>
/// <param name="Fleet">Gateways with another name serve other databases.</param>
internal sealed record FleetNames(string Space, string Fleet = "serverless")
{
    public const string FleetLabel = "serverless.mysql/fleet";

    /// <summary>Of a gateway's Lease: what its sessions do, by database.</summary>
    public const string Activity = "serverless.mysql/activity";

    /// <summary>Of a gateway's Lease: the intent that its gate is closed for, by database.</summary>
    public const string Promises = "serverless.mysql/promises";

    /// <summary>Of a StatefulSet: the intent to suspend it.</summary>
    public const string Suspend = "serverless.mysql/suspend";

    /// <summary>Of a StatefulSet: the last intent that was taken back, by whom and why.</summary>
    public const string SuspendRefused = "serverless.mysql/suspend-refused";

    /// <summary>Of a StatefulSet: what operators told gateways that do not lead, for the one that does.</summary>
    public const string Commands = "serverless.mysql/commands";

    /// <summary>Of a ConfigMap: the term of the leader that wrote it, and the Lease that it is a term of.</summary>
    public const string Term = "serverless.mysql/term";

    /// <summary>Of a Secret: the StatefulSet whose engine it is of.</summary>
    public const string SetUid = "serverless.mysql/statefulset-uid";

    public ObjectName Leader => new(Space, $"{Fleet}-leader");

    public Selection Gateways => new(Labels: $"{FleetLabel}={Fleet}");

    public ObjectName Gateway(string replica) => new(Space, $"{Fleet}-gateway-{replica}");

    /// <summary>The gateway that has this Lease.</summary>
    public string ReplicaOf(string lease) => lease.StartsWith($"{Fleet}-gateway-", StringComparison.Ordinal) ? lease[$"{Fleet}-gateway-".Length..] : lease;

    /// <param name="set">The StatefulSet that the database is.</param>
    public ObjectName Accounts(ObjectName set) => new(Space, $"{Fleet}-accounts-{set.Space}.{set.Name}");

    /// <param name="set">The StatefulSet that the database is.</param>
    public ObjectName State(ObjectName set) => new(Space, $"{Fleet}-state-{set.Space}.{set.Name}");
}
