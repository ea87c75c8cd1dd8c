using System.Text.Json;
using System.Text.Json.Serialization;
using Serverless.Host.Mysql;

namespace Serverless.Host.Control.Storage;

/// <summary>What the gateway must know of an engine to take its place in a login while it sleeps.</summary>
internal sealed record EngineIdentity(AccountSnapshot Accounts, ServerProfile Profile);

/// <summary>Keeps the identity on disk, 0600 since it holds password hashes.</summary>
internal sealed class EngineIdentityStore(string directory)
{
    private readonly string _path = Path.Combine(directory, "identity.json");

    public Task WriteAsync(EngineIdentity identity, CancellationToken cancellation) =>
        AtomicFile.WriteAsync(_path, JsonSerializer.SerializeToUtf8Bytes(identity, EngineIdentityJson.Default.EngineIdentity), cancellation);

    /// <summary>Null when none was ever written, or it cannot be understood: then the engine is asked again.</summary>
    public async Task<EngineIdentity?> ReadAsync(CancellationToken cancellation)
    {
        byte[]? bytes = await AtomicFile.ReadAsync(_path, cancellation);
        if (bytes is null)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(bytes, EngineIdentityJson.Default.EngineIdentity);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(EngineIdentity))]
internal sealed partial class EngineIdentityJson : JsonSerializerContext;
