namespace Serverless.Host.Compute.Local;

/// <summary>
/// The statements that make MariaDB's system tables, as its own mariadb-install-db feeds them to the server. Read from the scripts that come with
/// the server: without the shell script's needs (a resolvable host name, a writable plugin folder) and without its anonymous account and test database.
/// </summary>
internal static class MariaDbScripts
{
    // In the order of mariadb-install-db. Newer versions call the mysql_ ones mariadb_.
    private static readonly string[] s_files =
    [
        "mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql", "fill_help_tables.sql", "maria_add_gis_sp_bootstrap.sql", "mysql_sys_schema.sql",
    ];

    /// <param name="administrator">Operating system user who may log in as the account `root` on the engine's own socket.</param>
    /// <exception cref="ComputeException">The scripts are not there.</exception>
    public static IEnumerable<string> Read(EngineBinary binary, string administrator)
    {
        var folder = Find(binary.Path);
        yield return "CREATE DATABASE mysql;\nUSE mysql;\n";
        yield return $"SET @auth_root_socket = '{administrator}';\n";
        foreach (var file in s_files)
        {
            if (Locate(folder, file) is { } path) yield return File.ReadAllText(path) + "\n";
        }
        yield return "FLUSH PRIVILEGES;\n";
    }

    private static string Find(string binary)
    {
        var prefix = Path.GetDirectoryName(Path.GetDirectoryName(File.ResolveLinkTarget(binary, returnFinalTarget: true)?.FullName ?? binary)) ?? "/";
        string[] folders = ["/usr/share/mysql", "/usr/share/mariadb", Path.Combine(prefix, "share"), Path.Combine(prefix, "share/mysql"), Path.Combine(prefix, "share/mariadb")];
        return folders.FirstOrDefault(folder => Locate(folder, s_files[0]) is not null)
            ?? throw new ComputeException($"The scripts that make MariaDB's system tables ({s_files[0]}) were expected in {folders[0]} or beside {binary}. Install the whole server (Debian: apt-get install {EngineBinary.DebianPackage}).");
    }

    private static string? Locate(string folder, string file)
    {
        string[] names = [file, file.Replace("mysql_", "mariadb_", StringComparison.Ordinal)];
        return names.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }
}
