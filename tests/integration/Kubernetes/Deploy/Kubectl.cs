using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Serverless.Tests.Integration.Kubernetes.Deploy;

/// <summary>The command that users apply the manifests with.</summary>
internal static class Kubectl
{
    /// <summary>The first kustomize that the kustomizations are written for: components, and folders as resources.</summary>
    private const int LeastKustomize = 4;

    private static readonly Lazy<Task<string?>> Missing = new(WhyMissingAsync);

    /// <summary>Ends the calling test as skipped when there is none.</summary>
    public static async Task RequireAsync()
    {
        if (await Missing.Value is { } why) Assert.Ignore($"{why}; install kubectl 1.21 or later to run this test.");
    }

    /// <summary>What a folder comes to.</summary>
    public static async Task<IReadOnlyList<JsonObject>> BuildAsync(string folder) => ManifestFiles.Parse(await RunAsync(null, "kustomize", folder));

    /// <summary>Its output; what it was told to do is done, or the calling test fails with what it said.</summary>
    /// <param name="kubeconfig">Null: no cluster is asked.</param>
    public static async Task<string> RunAsync(string? kubeconfig, params string[] arguments)
    {
        (int exit, string output, string errors) = await StartAsync(kubeconfig, arguments);
        return exit == 0 ? output : throw new InvalidOperationException($"kubectl {string.Join(' ', arguments)} ended with {exit}:\n{errors}");
    }

    private static async Task<string?> WhyMissingAsync()
    {
        try
        {
            (int exit, string output, string errors) = await StartAsync(null, "version", "--client", "-o", "json");
            string? version = exit == 0 ? (string?)JsonNode.Parse(output)!["kustomizeVersion"] : null;
            return int.TryParse(version?.TrimStart('v').Split('.')[0], out int major) && major >= LeastKustomize ? null
                : $"kubectl has kustomize {version ?? "of an unknown version"}{(exit == 0 ? "" : $" ({errors.Trim()})")}, and the manifests need {LeastKustomize}";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "there is no kubectl";
        }
    }

    private static async Task<(int Exit, string Output, string Errors)> StartAsync(string? kubeconfig, params string[] arguments)
    {
        var start = new ProcessStartInfo("kubectl", arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["KUBECONFIG"] = kubeconfig ?? "/dev/null";
        using Process process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token), errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException e)
        {
            process.Kill();
            throw new TimeoutException($"kubectl {string.Join(' ', arguments)} did not end within a minute", e);
        }
    }
}
