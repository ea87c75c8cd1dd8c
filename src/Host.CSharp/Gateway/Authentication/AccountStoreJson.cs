using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>What is remembered of an engine, as it is written.</summary>
internal sealed record StoredEngine(int Version, AccountSnapshot? Accounts, ServerProfile? Profile)
{
    private const int Newest = 1;

    public static byte[] ToJson(EngineMemory memory) => JsonSerializer.SerializeToUtf8Bytes(new StoredEngine(Newest, memory.Accounts, memory.Profile), AccountStoreJson.Default.StoredEngine);

    /// <exception cref="JsonException">It is no such thing, or of another version.</exception>
    public static EngineMemory FromJson(ReadOnlySpan<byte> json)
    {
        var stored = JsonSerializer.Deserialize(json, AccountStoreJson.Default.StoredEngine);
        return stored?.Version == Newest && stored.Accounts is { Accounts: not null }
            ? new EngineMemory(stored.Accounts, stored.Profile)
            : throw new JsonException($"its version is {stored?.Version.ToString(CultureInfo.InvariantCulture) ?? "missing"}, expected {Newest}");
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(StoredEngine))]
internal sealed partial class AccountStoreJson : JsonSerializerContext;
