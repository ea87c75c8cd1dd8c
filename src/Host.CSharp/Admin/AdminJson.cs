using System.Text.Json;
using System.Text.Json.Serialization;

namespace Serverless.Host.Admin;

/// <summary>JSON of the admin API, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(DatabasesReply))]
[JsonSerializable(typeof(StatusReply))]
[JsonSerializable(typeof(DecisionsReply))]
[JsonSerializable(typeof(SessionsReply))]
[JsonSerializable(typeof(ErrorReply))]
[JsonSerializable(typeof(CommandRequest))]
internal sealed partial class AdminJson : JsonSerializerContext;
