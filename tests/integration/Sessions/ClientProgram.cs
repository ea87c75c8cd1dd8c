using System.Diagnostics;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>A client program of somebody else's, run to its end.</summary>
internal static class ClientProgram
{
    /// <summary>The mariadb client with statements on its input; gives what it printed, tabs between columns.</summary>
    public static Task<string> MariaDbAsync(GatewayUnderTest gateway, string statements, params string[] arguments) =>
        RunAsync("mariadb", statements, ["--host=127.0.0.1", $"--port={gateway.Port}", "--user=app", "--password=secret", "--batch", "--skip-column-names", .. arguments]);

    /// <summary>Python with PyMySQL; `connect()` is there.</summary>
    public static Task<string> PythonAsync(GatewayUnderTest gateway, string script) =>
        RunAsync(
            "/usr/bin/python3",
            $"""
            import pymysql
            def connect(**more):
                return pymysql.connect(host='127.0.0.1', port={gateway.Port}, user='app', password='secret', **more)
            {script}
            """,
            "-");

    private static async Task<string> RunAsync(string program, string input, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
        return await output + await errors;
    }
}
