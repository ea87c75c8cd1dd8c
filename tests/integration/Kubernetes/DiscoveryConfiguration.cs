using System.Collections;
using Serverless.Host.Control.Settings;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>Settings of a gateway that finds databases.</summary>
internal static class DiscoveryConfiguration
{
    /// <param name="databases">JSON of those that are configured.</param>
    /// <param name="kubernetes">JSON of `kubernetes` at the top.</param>
    public static HostSettings Read(string databases = "", string kubernetes = "{}", string listen = "127.0.0.1:3306")
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory["serverless.json"], $$"""
            {"user": "root", "password": "", "listen": "{{listen}}", "data": "{{directory["data"]}}", "discovery": {"mode": "on"}, "kubernetes": {{kubernetes}}, "databases": [{{databases}}]}
            """);
        return HostSettingsReader.Read(HostConfiguration.Compose(directory["serverless.json"], new Hashtable(), _ => []));
    }
}
