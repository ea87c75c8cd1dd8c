using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Routing;

/// <summary>The errors of a client that does not say which database it means. They repeat what the client said, and tell a stranger no name of a database.</summary>
internal static class RoutingRefusal
{
    private const int LongestName = 128;

    public static ErrPacket NoMatch(string? host, string user, string? schema)
    {
        var said = $"user '{Cut(user)}', {(schema is null ? "no schema" : $"schema '{Cut(schema)}'")}, {(host is { Length: > 0 } ? $"TLS host name '{Cut(host)}'" : "no TLS host name")}";
        return new ErrPacket(
            schema is null ? ErrorCode.AccessDenied : ErrorCode.UnknownDatabase,
            $"No database of this gateway is meant by {said}. Say which one: by its prefix before the user name (PREFIX.USER), by its host name over TLS, or by a schema of it");
    }

    public static ErrPacket Contradiction(string host, string user) => new(
        ErrorCode.AccessDenied,
        $"The TLS host name '{Cut(host)}' leads to one database and the prefix of the user name '{Cut(user)}' to another. Leave the prefix out, or connect to the other's host name; " +
        "for a user whose own name begins so, put this database's prefix before it");

    public static ErrPacket Ambiguous(string what) => new(
        ErrorCode.AccessDenied, $"More than one database of this gateway is meant by {what}. Say which one by its prefix before the user name (PREFIX.USER)");

    /// <summary>COM_CHANGE_USER stays in its database.</summary>
    public static ErrPacket ChangeOfDatabase(string user) => new(
        ErrorCode.AccessDenied, $"The prefix of the user name '{Cut(user)}' leads to another database than this connection's, which a change of user cannot leave; connect again");

    /// <summary>As the engines cut it: a client chooses the name, and the message goes back into its own log.</summary>
    internal static string Cut(string? text) => text is null ? "" : text.Length <= LongestName ? text : text[..LongestName];
}
