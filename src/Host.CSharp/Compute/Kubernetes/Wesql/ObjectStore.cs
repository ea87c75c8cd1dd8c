using Serverless.Host.Compute.Engine;

namespace Serverless.Host.Compute.Kubernetes.Wesql;

/// <summary>Whether a data node keeps what it has in an object store, from where the next one fetches it, whatever its volumes are.</summary>
internal static class ObjectStore
{
    private const string Statement = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('serverless', 'objectstore_provider', 'objectstore_bucket')";

    /// <remarks>The provider `local` is a folder, for trials. See https://wesql.io/docs/usage/configuration.</remarks>
    public static async Task<bool> IsUsedAsync(IEngineSql? sql, CancellationToken cancellation)
    {
        if (sql is null)
        {
            return false;
        }

        try
        {
            Dictionary<string, string> found = (await sql.QueryAsync(Statement, cancellation)).ToDictionary();
            return found.GetValueOrDefault("serverless") == "ON" && found.GetValueOrDefault("objectstore_provider") is { Length: > 0 } and not "local"
                && found.GetValueOrDefault("objectstore_bucket") is { Length: > 0 };
        }
        catch (EngineSqlException)
        {
            // whoever does not say so keeps it on its volumes
            return false;
        }
    }
}
