using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Fleet;

/// <summary>
/// What is known of the engines, each in a Secret beside the fleet's Leases, since hashes of passwords are in it: a gateway that begins with an empty directory need not wake a database to know who may log in.
/// </summary>
internal sealed class EngineSecrets(IKubernetesApi api, FleetNames names, TimeProvider time)
{
    public const string Key = "engine.json.gz";

    public ObjectName NameOf(ObjectName set) => names.Accounts(set);

    /// <param name="uid">Of the StatefulSet: another of its name has other accounts.</param>
    /// <returns>Null: nothing is kept of this one.</returns>
    /// <exception cref="ApiException">It cannot be read.</exception>
    public async Task<byte[]?> ReadAsync(ObjectName set, string uid, CancellationToken cancellation) => Of(await api.FindAsync(Resources.Secrets, NameOf(set), cancellation), uid);

    /// <param name="isSame">What is kept says the same, and is left.</param>
    /// <exception cref="ApiException">It cannot be written.</exception>
    public Task WriteAsync(ObjectName set, string uid, byte[] content, Func<byte[], bool> isSame, CancellationToken cancellation)
    {
        ObjectName name = NameOf(set);
        Secret Change(Secret? found) => Of(found, uid) is { } kept && isSame(kept) ? found! : new Secret
        {
            Metadata = (found?.Metadata ?? new ObjectMeta { Name = name.Name, Namespace = name.Space }) with
            {
                Labels = new Dictionary<string, string>(found?.Metadata.Labels ?? Empty, StringComparer.Ordinal) { [FleetNames.FleetLabel] = names.Fleet },
                Annotations = new Dictionary<string, string>(found?.Metadata.Annotations ?? Empty, StringComparer.Ordinal) { [FleetNames.SetUid] = uid },
            },
            // the server lets nobody change it
            Type = found?.Type ?? "Opaque",
            Immutable = found?.Immutable,
            Data = new Dictionary<string, byte[]>(found?.Data ?? new Dictionary<string, byte[]>(), StringComparer.Ordinal) { [Key] = content },
        };

        return api.ChangeAsync(Resources.Secrets, name, Change, time, cancellation);
    }

    private static Dictionary<string, string> Empty => [];

    private static byte[]? Of(Secret? found, string uid) => found?.Metadata.Annotations.GetValueOrDefault(FleetNames.SetUid) == uid ? found.Data.GetValueOrDefault(Key) : null;
}
