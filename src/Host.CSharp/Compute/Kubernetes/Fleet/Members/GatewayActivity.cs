using System.Text.Json;
using System.Text.Json.Serialization;

namespace Serverless.Host.Compute.Kubernetes.Fleet.Members;

/// <summary>What one gateway's sessions of one database do, as it tells the others; times are spans in milliseconds, counted back from when it is told.</summary>
/// <param name="Statements">Statements that ended since this gateway's start.</param>
/// <param name="QuietMs">Since the last one that would wake a compute ended; null: there was none since this gateway's start.</param>
internal readonly record struct GatewayActivity(
    int Held, int Running, int Transactions, int Pinned, int Open, int Active, long Statements, long? QuietMs, long TransactionsIdleMs, long PinnedIdleMs, long LatencyMs)
{
    /// <summary>More sessions than a host has; and no sum of gateways goes beyond what can be counted.</summary>
    private const int MostSessions = 1 << 24;

    /// <summary>About 139 years.</summary>
    private const long LongestMs = 1L << 42;

    /// <summary>About 1100 years, of statements that ran beside each other.</summary>
    private const long MostLatencyMs = 1L << 45;

    /// <summary>No gateway tells otherwise. Another hand does, and sums and times cannot be reckoned with.</summary>
    [JsonIgnore]
    public bool IsPlausible =>
        Count(Held) && Count(Running) && Count(Transactions) && Count(Pinned) && Count(Open) && Count(Active) && Statements is >= 0 and <= 1L << 56
        && Span(QuietMs ?? 0) && Span(TransactionsIdleMs) && Span(PinnedIdleMs) && LatencyMs is >= 0 and <= MostLatencyMs;

    [JsonIgnore]
    public bool IsBusy => Held > 0 || Running > 0 || Transactions > 0;

    /// <summary>Others would decide otherwise if they knew this one in the place of the other.</summary>
    public bool SaysOtherThan(GatewayActivity told) =>
        IsBusy != told.IsBusy || Pinned != told.Pinned || Transactions != told.Transactions || (!IsBusy && Statements != told.Statements);

    private static bool Count(int sessions) => sessions is >= 0 and <= MostSessions;

    private static bool Span(long milliseconds) => milliseconds is >= 0 and <= LongestMs;
}

/// <summary>Annotations of a gateway's Lease.</summary>
internal static class GatewayNotes
{
    public static string Write(IReadOnlyDictionary<string, GatewayActivity> activity) => JsonSerializer.Serialize(activity, GatewayJson.Default.IReadOnlyDictionaryStringGatewayActivity);

    public static string Write(IReadOnlyDictionary<string, Guid> promises) => JsonSerializer.Serialize(promises, GatewayJson.Default.IReadOnlyDictionaryStringGuid);

    /// <returns>Null: it cannot be read, or is not there, which no gateway leaves out, and says nothing.</returns>
    public static IReadOnlyDictionary<string, GatewayActivity>? ReadActivity(string? text) =>
        text is not null && Read(text, GatewayJson.Default.DictionaryStringGatewayActivity) is { } read && read.Values.All(one => one.IsPlausible) ? read : null;

    /// <returns>Nothing where it cannot be read: what is not promised is waited for.</returns>
    public static IReadOnlyDictionary<string, Guid> ReadPromises(string? text) => Read(text, GatewayJson.Default.DictionaryStringGuid) ?? [];

    private static Dictionary<string, T>? Read<T>(string? text, System.Text.Json.Serialization.Metadata.JsonTypeInfo<Dictionary<string, T>> json)
    {
        try
        {
            return text is null ? [] : JsonSerializer.Deserialize(text, json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(IReadOnlyDictionary<string, GatewayActivity>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, Guid>))]
[JsonSerializable(typeof(Dictionary<string, GatewayActivity>))]
[JsonSerializable(typeof(Dictionary<string, Guid>))]
internal sealed partial class GatewayJson : JsonSerializerContext;
