using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>The session trackers that the gateway needs on each backend connection.</summary>
internal static class BackendTrackers
{
    /// <summary>
    /// MySQL reports under `*` the variable statement_id with every statement, which would make each answer longer and unequal; there the names are
    /// listed. MariaDB has no such variable.
    /// </summary>
    public static ReadOnlyMemory<byte> Setup(ServerProfile profile)
    {
        var tracked = "*";
        if (profile.Family == ServerFamily.MySql) tracked = string.Join(',', MySqlSessionVariables.Names.Where(profile.Variables.ContainsKey));
        return SqlText.Of("SET SESSION session_track_system_variables='" + tracked + "', session_track_schema=1");
    }
}
