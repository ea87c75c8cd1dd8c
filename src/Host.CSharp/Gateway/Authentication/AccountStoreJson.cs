using System.Text.Json.Serialization;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>The file of <see cref="AccountStore"/>.</summary>
internal sealed record StoredEngine(int Version, AccountSnapshot? Accounts, ServerProfile? Profile);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(StoredEngine))]
internal sealed partial class AccountStoreJson : JsonSerializerContext;
