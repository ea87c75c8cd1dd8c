namespace Serverless.Host.Gateway.Routing;

/// <summary>By what clients of a listener that several databases share say that they mean this one.</summary>
/// <param name="Hosts">Host names of TLS SNI: whole names, or with `*` for all before the first dot or behind the last one given (`*.example.com`, `orders.*`).</param>
/// <param name="UserPrefix">What stands before the first dot of a user name; null: none.</param>
/// <param name="Schemas">Default schemas of a login, with the wildcards of GRANT: `%` any run of characters, `_` one, `\` takes the next literally.</param>
/// <param name="IsDefault">Who says nothing else means this one.</param>
public sealed record DatabaseNames(IReadOnlyList<string> Hosts, string? UserPrefix, IReadOnlyList<string> Schemas, bool IsDefault)
{
    /// <summary>A database that has its listener for itself needs none.</summary>
    public static DatabaseNames None { get; } = new([], UserPrefix: null, [], IsDefault: false);

    /// <summary>A client can say that it means this one.</summary>
    public bool CanBeSaid => Hosts.Count > 0 || UserPrefix is not null || Schemas.Count > 0 || IsDefault;
}
