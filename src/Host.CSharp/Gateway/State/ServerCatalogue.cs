using System.Collections.Frozen;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>A server profile prepared for look-ups; one per database and profile, shared by its sessions.</summary>
public sealed class ServerCatalogue
{
    private readonly FrozenDictionary<int, string> _collationNames;
    private readonly FrozenDictionary<string, string> _defaultCollations;
    private readonly GlobalChanges _changes;
    private readonly int _changesSeen;

    public ServerCatalogue(ServerProfile profile)
        : this(profile, new GlobalChanges())
    {
    }

    internal ServerCatalogue(ServerProfile profile, GlobalChanges changes)
    {
        _changes = changes;
        _changesSeen = changes.SeenBy(profile.ReadAt);
        Profile = profile;
        Dialect = SqlDialect.Of(profile);
        _collationNames = profile.Collations.GroupBy(c => c.Value.Id).ToFrozenDictionary(g => g.Key, g => g.First().Key);
        _defaultCollations = profile.Collations.Where(c => c.Value.IsDefault).GroupBy(c => c.Value.CharacterSet, StringComparer.OrdinalIgnoreCase)
            .ToFrozenDictionary(g => g.Key, g => g.First().Key, StringComparer.OrdinalIgnoreCase);
        TrackerSetup = BackendTrackers.Setup(profile);
        FirstTimeLimit = StatementTimeLimit.FirstValue(profile);
    }

    public ServerProfile Profile { get; }

    /// <summary>
    /// Global variables have changed since they were read. Sessions that were there before keep the values of their login, or take the new ones with another
    /// backend connection: only the server can say.
    /// </summary>
    public bool VariablesAreOld => _changes.Count != _changesSeen;

    /// <summary>Dialect of a fresh session.</summary>
    public SqlDialect Dialect { get; }

    public ServerFamily Family => Profile.Family;

    /// <inheritdoc cref="StatementTimeLimit.FirstValue"/>
    internal double? FirstTimeLimit { get; }

    /// <summary>The statement that switches on, on a backend connection, the trackers that session state depends on.</summary>
    public ReadOnlyMemory<byte> TrackerSetup { get; }

    /// <summary>Id of collation_server; of the greeting's collation when the profile does not say.</summary>
    public int ServerCollation => Profile.Variables.TryGetValue("collation_server", out var name) && Profile.Collations.TryGetValue(name, out var info)
        ? info.Id : Profile.DefaultCollationId;

    /// <summary>Name of the collation with this id, or null.</summary>
    public string? CollationName(int id) => _collationNames.GetValueOrDefault(id);

    /// <summary>Character set of the collation with this id, or null.</summary>
    public string? CharacterSet(int id) =>
        CollationName(id) is { } name && Profile.Collations.TryGetValue(name, out var info) ? info.CharacterSet : null;

    /// <summary>The default collation of a character set, or null when there is no such set.</summary>
    public string? DefaultCollation(string characterSet) => _defaultCollations.GetValueOrDefault(characterSet);
}
