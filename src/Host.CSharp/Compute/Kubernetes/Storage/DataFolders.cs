using Serverless.Host.Compute.Engine;
using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Kubernetes.Storage;

/// <summary>Where an engine keeps what must not be lost: as it says itself, or where the usual images have it when it cannot be asked.</summary>
internal static class DataFolders
{
    private const string Usual = "/var/lib/mysql";

    private const string Statement =
        "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('datadir', 'innodb_data_home_dir', 'innodb_log_group_home_dir', 'innodb_undo_directory', 'aria_log_dir_path', 'smartengine_data_dir', 'smartengine_wal_dir')";

    public static async Task<IReadOnlyList<string>> ReadAsync(IEngineSql? sql, CancellationToken cancellation)
    {
        if (sql is null)
        {
            return [Usual];
        }

        try
        {
            QueryResult found = await sql.QueryAsync(Statement, cancellation);
            // what is not absolute is below the data directory
            List<string> folders = [.. found.ToDictionary().Values.Where(folder => folder.StartsWith('/')).Distinct(StringComparer.Ordinal)];
            return folders.Count > 0 ? folders : [Usual];
        }
        catch (EngineSqlException)
        {
            return [Usual];
        }
    }
}
