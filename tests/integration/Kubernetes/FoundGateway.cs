using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>What tests wait for of a gateway process that finds its databases.</summary>
internal static class FoundGateway
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(90);

    /// <summary>The database is in this phase.</summary>
    public static Task IsAsync(this GatewayProcess gateway, string database, string phase) => Eventually.HoldsAsync(
        async () => (await gateway.Admin.GetStringAsync("/metrics")).Contains($"serverless_phase{{database=\"{database}\",phase=\"{phase}\"}} 1", StringComparison.Ordinal),
        s_limit, () => gateway.Told($"{database} is {phase}"));

    /// <summary>An operator puts it to sleep. Within the first second the cluster's watches are too young to be believed, and it is refused: so it is asked for again.</summary>
    public static Task SleepAsync(this GatewayProcess gateway, string database) => Eventually.HoldsAsync(
        async () =>
        {
            using HttpResponseMessage commanded = await gateway.Admin.PostAsync(new Uri($"/api/databases/{database}/suspend", UriKind.Relative), null);
            return (string?)(await gateway.StatusAsync(database))["phase"] == "suspended";
        },
        s_limit, () => gateway.Told($"{database} sleeps"), TimeSpan.FromMilliseconds(500));

    /// <summary>It has logged this. What it prints comes later than what it answers.</summary>
    public static Task SaysAsync(this GatewayProcess gateway, params string[] words) => Eventually.HoldsAsync(
        () => Task.FromResult(gateway.Output.Any(line => words.All(word => line.Contains(word, StringComparison.Ordinal)))), s_limit, () => gateway.Told(string.Join("; ", words)));

    public static Task<string> Told(this GatewayProcess gateway, string expected) => Task.FromResult($"expected: {expected}\n{string.Join('\n', gateway.Output.TakeLast(30))}");
}
