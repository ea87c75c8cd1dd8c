using System.Text.Json;
using System.Text.Json.Serialization;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Fleet.Commands;

/// <summary>How far an operator's command has come on its way to the gateway that leads, and back.</summary>
internal enum CommandStage
{
    /// <summary>Nobody has taken it: who asked may take it back, and then it is certainly not carried out.</summary>
    Asked,

    /// <summary>The leader has it.</summary>
    Taken,

    /// <summary>The leader's rules have been told, and what follows of it is begun.</summary>
    Decided,

    /// <summary>What followed of it has come to its end.</summary>
    Done,
}

/// <summary>An operator's command as it stands on a StatefulSet, for the gateway that leads; and its answer.</summary>
/// <param name="Size">As it was written; null: none was.</param>
/// <param name="By">Who wishes it, in words.</param>
/// <param name="Replica">The gateway that was asked, which waits for the answer.</param>
/// <param name="Process">Its process.</param>
/// <param name="Taker">The process that took it.</param>
/// <param name="Error">Why it is not carried out, or did not come about; null: it is, or did.</param>
/// <param name="Phase">Of the database, when it was done.</param>
internal sealed record CommandNote(
    Guid Id, string Command, string By, string Replica, string Process, CommandStage Stage, string? Size = null, string? Taker = null, IReadOnlyList<string>? Warnings = null, string? Error = null,
    string? Phase = null, bool Paused = false)
{
    /// <summary>More at a time are not taken.</summary>
    public const int Most = 16;

    /// <returns>None where there are none, or where what stands there cannot be read: then nobody is answered, and who waits says so.</returns>
    public static IReadOnlyList<CommandNote> Read(StatefulSet set)
    {
        try
        {
            return set.Metadata.Annotations.GetValueOrDefault(FleetNames.Commands) is { } text && JsonSerializer.Deserialize(text, CommandJson.Default.IReadOnlyListCommandNote) is { Count: <= Most } all && all.All(one => one is not null) ? all : [];
        }
        catch (JsonException)
        {
            // a newer gateway, or somebody's hand
            return [];
        }
    }

    /// <returns>Null: there are none.</returns>
    public static string? Write(IReadOnlyList<CommandNote> all) => all.Count == 0 ? null : JsonSerializer.Serialize(all, CommandJson.Default.IReadOnlyListCommandNote);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(IReadOnlyList<CommandNote>))]
internal sealed partial class CommandJson : JsonSerializerContext;
