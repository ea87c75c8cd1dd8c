using System.Diagnostics;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Clients;

/// <summary>Where a client logs in, and the schema it makes for itself.</summary>
/// <param name="Authority">PEM file that vouches for the gateway; empty: without TLS.</param>
internal sealed record ClientLogin(int Port, string User, string Password, string Schema, string Authority)
{
    public string[] Arguments => ["127.0.0.1", $"{Port}", User, Password, Schema, Authority];
}

/// <summary>A client library of somebody else's, as a program that goes through a sleep.</summary>
/// <param name="Name">As the table of the README names it.</param>
/// <param name="Probe">Ends with 0 where the library is installed.</param>
internal sealed record ClientProgram(string Name, string[] Probe, Func<ClientLogin, ClientProcess> Start)
{
    private const string ConnectorJ = "/usr/share/java/mariadb-java-client.jar";

    public static IReadOnlyList<ClientProgram> All { get; } =
    [
        new("`mariadb` command line", ["mariadb", "--version"], login => ClientProcess.Start("/bin/bash", [Script("mariadb_client.sh"), .. login.Arguments])),
        Python("PyMySQL", "pymysql"),
        Python("mysqlclient", "MySQLdb"),
        new("mysql2", ["node", "--version"], login => ClientProcess.Start(
            "node", [Script("mysql2_client.mjs"), .. login.Arguments], new Dictionary<string, string> { ["MYSQL2_HOME"] = ClientHomes.Mysql2() })),
        Java("MariaDB Connector/J, prepared by the server", "server"),
        Java("MariaDB Connector/J, prepared by the client", "client"),
        Php("PDO, native prepares", "native"),
        Php("PDO, emulated prepares", "emulated"),
        new("DBD::mysql, prepared by the server", ["perl", "-MDBD::mysql", "-MJSON::PP", "-e1"], login => ClientProcess.Start("perl", [Script("dbd_client.pl"), .. login.Arguments])),
    ];

    public bool IsInstalled { get; } = Ends(Probe);

    private static string Script(string name) => Path.Combine(TestContext.CurrentContext.TestDirectory, "Clients", "programs", name);

    private static ClientProgram Python(string name, string module) =>
        new(name, ["/usr/bin/python3", "-c", $"import {module}"], login => ClientProcess.Start("/usr/bin/python3", [Script("python_client.py"), module, .. login.Arguments]));

    private static ClientProgram Php(string name, string prepares) =>
        new(name, ["php", "-r", "exit(extension_loaded('pdo_mysql') ? 0 : 1);"], login => ClientProcess.Start("php", [Script("pdo_client.php"), prepares, .. login.Arguments]));

    private static ClientProgram Java(string name, string prepares) =>
        new(name, ["/bin/sh", "-c", $"test -f {ConnectorJ} && javac -version"], login => ClientProcess.Start("java", ["-XX:TieredStopAtLevel=1", "-cp", ConnectorJ, Script("ConnectorJ.java"), prepares, .. login.Arguments]));

    private static bool Ends(string[] command)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
