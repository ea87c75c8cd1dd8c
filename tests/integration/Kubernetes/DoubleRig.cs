using System.Text.Json.Nodes;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Caching;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Config;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>The client beside the double, with limits that a test can wait for.</summary>
internal sealed class DoubleRig : IAsyncDisposable
{
    public const string Maps = "/api/v1/namespaces/default/configmaps";
    public static readonly ObjectName One = new("default", "one");

    private DoubleRig(ApiDouble server, ApiOptions options)
    {
        (Server, Options) = (server, options);
        KubeconfigFile file = KubeconfigFile.Parse("/tmp/kubeconfig", $$"""
            clusters: [{name: double, cluster: {server: "{{server.Address}}"} }]
            users: [{name: me, user: {token: secret} }]
            contexts: [{name: double, context: {cluster: double, user: me} }]
            current-context: double
            """);
        Api = new KubernetesApi(new Kubeconfig([file], TimeProvider.System).Choose(null), options, Statistics, TimeProvider.System);
    }

    public static ApiOptions Quick { get; } = new()
    {
        CallTimeLimit = TimeSpan.FromSeconds(20),
        FirstRetryDelay = TimeSpan.FromMilliseconds(1),
        FirstBackoff = TimeSpan.FromMilliseconds(1),
        LongestBackoff = TimeSpan.FromMilliseconds(20),
    };

    public ApiDouble Server { get; }

    public ApiOptions Options { get; }

    public ApiCallStatistics Statistics { get; } = new();

    public RecordingLogger Log { get; } = new();

    public KubernetesApi Api { get; }

    public static async Task<DoubleRig> StartAsync(ApiOptions? options = null) => new(await ApiDouble.StartAsync(), options ?? Quick);

    public static JsonObject Map(string name, string value = "") => new() { ["metadata"] = new JsonObject { ["name"] = name }, ["data"] = new JsonObject { ["value"] = value } };

    public static ConfigMap New(string name) => new() { Metadata = new ObjectMeta { Name = name } };

    public static int Lists(DoubleRig rig) => rig.Server.Asked.Count(asked => !asked.Query.Contains("watch", StringComparison.Ordinal));

    public static Task EndsAsServerAsync(DoubleRig rig, ResourceCache<ConfigMap> cache) => UntilAsync(
        () => rig.Server.VersionsBelow(Maps).OrderBy(one => one.Key, StringComparer.Ordinal).SequenceEqual(Versions(cache.Items)),
        () => $"the server has {string.Join(", ", rig.Server.VersionsBelow(Maps))}\nthe cache has {string.Join(", ", Versions(cache.Items))}\n{cache.Freshness}\n{string.Join('\n', rig.Log.Messages.TakeLast(5))}");

    /// <summary>Waits until what the cache has was confirmed at some time after this timestamp.</summary>
    public static Task ConfirmedAsync(ResourceCache<ConfigMap> cache, long began) =>
        UntilAsync(() => TimeProvider.System.GetElapsedTime(began) > cache.Freshness.SinceConfirmed, () => $"nothing is heard: {cache.Freshness}");

    public static IEnumerable<KeyValuePair<string, string>> Versions(IEnumerable<KeyValuePair<ObjectName, ConfigMap>> items) =>
        items.Select(one => KeyValuePair.Create(one.Key.Name, one.Value.Metadata.ResourceVersion!)).OrderBy(one => one.Key, StringComparer.Ordinal);

    public ResourceCache<ConfigMap> Cache() => new(Api, Resources.ConfigMaps, "default", Selection.All, Options, TimeProvider.System, Log);

    /// <summary>Waits until it holds, and fails with what was so far when it never does.</summary>
    /// <param name="seconds">After which it never does.</param>
    public static async Task UntilAsync(Func<bool> holds, Func<string> what, int seconds = 60)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            if (TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromSeconds(seconds)) Assert.Fail(what());
            await Task.Delay(5);
        }
    }

    /// <summary>How the call failed, which it must.</summary>
    public static async Task<ApiException> FailAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (ApiException e)
        {
            return e;
        }

        throw new AssertionException("it went well");
    }

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        await Server.DisposeAsync();
    }
}
