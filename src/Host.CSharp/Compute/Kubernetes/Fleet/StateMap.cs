using System.Globalization;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Fleet.Election;

namespace Serverless.Host.Compute.Kubernetes.Fleet;

/// <summary>
/// What a database's leader keeps for the next one, in a ConfigMap. Only who leads writes, and never over what was written in a later term: a leader that was away and does not know that it is none any more
/// finds it there.
/// </summary>
internal sealed class StateMap(KeptStates states, ObjectName set, Func<Leadership> leadership)
{
    public const string Key = "state.json";

    private Known<ConfigMap>? _known;

    public ObjectName Name { get; } = states.NameOf(set);

    /// <returns>Null: nothing was kept yet.</returns>
    /// <exception cref="ApiException">It cannot be read.</exception>
    public async Task<string?> ReadAsync(CancellationToken cancellation)
    {
        ConfigMap? found = await states.ReadAsync(Name, cancellation);
        Volatile.Write(ref _known, new Known<ConfigMap>(found));
        return found?.Data.GetValueOrDefault(Key);
    }

    /// <summary>A term in words, as it is noted beside what was written in it.</summary>
    public static string TermOf(Leadership leadership) => string.Create(CultureInfo.InvariantCulture, $"{leadership.Term} {leadership.Election}");

    /// <summary>What is kept, and the term that it was written in.</summary>
    /// <returns>Null: nothing is.</returns>
    public static (string State, string Term)? Read(ConfigMap map) => map.Data.GetValueOrDefault(Key) is { } state ? (state, map.Metadata.Annotations.GetValueOrDefault(FleetNames.Term) ?? "") : null;

    /// <param name="term">Of which the state is, see <see cref="TermOf(Leadership)"/>: one of an earlier term is not written in a later one. Null: of whichever it is.</param>
    /// <returns>It is kept. False: another gateway leads, and what it keeps counts.</returns>
    /// <exception cref="ApiException">It cannot be written.</exception>
    public async Task<bool> WriteAsync(string state, string? term, CancellationToken cancellation)
    {
        Leadership now = leadership();
        if (!now.IsHere || (term is not null && term != TermOf(now)))
        {
            return false;
        }

        ConfigMap? kept = await states.ChangeAsync(Name, found => Change(found, now, state), Volatile.Read(ref _known), cancellation);
        Volatile.Write(ref _known, new Known<ConfigMap>(kept));
        return kept?.Data.GetValueOrDefault(Key) == state;
    }

    private ConfigMap? Change(ConfigMap? found, Leadership now, string state)
    {
        // decided anew on what is there, each time
        if (!leadership().IsHere || (found is not null && TermOf(found, now.Election) > now.Term))
        {
            return found;
        }

        if (found?.Data.GetValueOrDefault(Key) == state && TermOf(found, now.Election) == now.Term)
        {
            return found;
        }

        ConfigMap map = found ?? new ConfigMap { Metadata = new ObjectMeta { Name = Name.Name, Namespace = Name.Space } };
        return map with
        {
            Metadata = map.Metadata with
            {
                Labels = new Dictionary<string, string>(map.Metadata.Labels, StringComparer.Ordinal) { [FleetNames.FleetLabel] = states.Fleet },
                Annotations = new Dictionary<string, string>(map.Metadata.Annotations, StringComparer.Ordinal) { [FleetNames.Term] = TermOf(now) },
            },
            Data = new Dictionary<string, string>(map.Data, StringComparer.Ordinal) { [Key] = state },
        };
    }

    /// <returns>Of this very Lease; one that was deleted and made anew counts from the beginning, and of another one no term is later.</returns>
    private static int TermOf(ConfigMap map, string? election) =>
        map.Metadata.Annotations.GetValueOrDefault(FleetNames.Term)?.Split(' ') is [var term, var lease] && lease == election && int.TryParse(term, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : -1;
}
