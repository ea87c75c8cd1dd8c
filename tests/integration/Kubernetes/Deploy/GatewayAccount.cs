using Serverless.Tests.Integration.EndToEnd;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes.Deploy;

/// <summary>The gateway's account on an engine, made by the script that is shipped for it.</summary>
internal static class GatewayAccount
{
    /// <param name="folder">Of the example database, below `deploy/kubernetes`.</param>
    /// <param name="server">Options of the `mariadb` client: where `root` logs in without a password.</param>
    public static async Task MakeAsync(string folder, string password, string server)
    {
        // as the entrypoint of the images does it: sourced, with a function that runs what it reads
        string script = Path.Combine(ManifestFiles.Folder, folder, "account.sh");
        using var run = EngineProcess.Start(
            "bash", ["-eo", "pipefail", "-c", $"docker_process_sql() {{ mariadb --no-defaults --user=root {server}; }}; . {script}"], new Dictionary<string, string>(StringComparer.Ordinal) { ["GATEWAY_PASSWORD"] = password });
        await Eventually.HoldsAsync(() => Task.FromResult(run.HasExited), TimeSpan.FromSeconds(30), () => Task.FromResult(run.Output));
        Assert.That(run.Output, Is.Empty);
    }
}
