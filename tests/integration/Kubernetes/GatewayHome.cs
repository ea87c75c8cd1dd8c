namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>The folder of a gateway process that runs beside the double, with a kubeconfig that leads to it. Whoever starts the process leaves the folder to it.</summary>
internal static class GatewayHome
{
    /// <param name="token">By which the double tells gateways apart.</param>
    public static async Task<(string Home, string Kubeconfig)> MakeAsync(ApiDouble server, string token = "secret")
    {
        string home = Directory.CreateTempSubdirectory("serverless-e2e-").FullName;
        string kubeconfig = Path.Combine(home, "kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, $$"""
            clusters: [{name: double, cluster: {server: "{{server.Address}}"} }]
            users: [{name: me, user: {token: {{token}}} }]
            contexts: [{name: double, context: {cluster: double, user: me} }]
            current-context: double
            """);
        return (home, kubeconfig);
    }
}
