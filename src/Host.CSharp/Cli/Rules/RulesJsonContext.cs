using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Serverless.Host.Cli.Rules;

[JsonSerializable(typeof(MetricJson[]))]
[JsonSerializable(typeof(CheckJson))]
[JsonSerializable(typeof(SarifLog))]
[JsonSerializable(typeof(SimulationJson))]
[JsonSerializable(typeof(ProofJson[]))]
[JsonSerializable(typeof(FitJson))]
[JsonSerializable(typeof(ScenariosJson))]
internal sealed partial class RulesJsonContext : JsonSerializerContext
{
    public static RulesJsonContext Readable { get; } = new(new JsonSerializerOptions
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // Backquotes, quotes and other scripts stay readable: the output is a file's or a terminal's, never a part of a page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
