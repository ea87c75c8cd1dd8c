using System.Text.Json.Serialization;

namespace Serverless.Host.Cli.Rules.Page;

/// <summary>What the page's script reads. The serializer escapes what would end a script element.</summary>
[JsonSerializable(typeof(string[]))]
internal sealed partial class PageJson : JsonSerializerContext;
