using System.Collections;
using System.Diagnostics;

namespace Serverless.Host.Compute.Local;

/// <summary>The environment of an engine's processes: ours, without the gateway's own settings, which may hold secrets and are no business of the engine's.</summary>
internal static class EngineEnvironment
{
    private const string OwnVariables = "SERVERLESS_";

    public static IEnumerable<(string Name, string Value)> Variables =>
        from DictionaryEntry variable in Environment.GetEnvironmentVariables()
        where !((string)variable.Key).StartsWith(OwnVariables, StringComparison.Ordinal)
        select ((string)variable.Key, (string?)variable.Value ?? "");

    /// <summary>A start of the engine's program whose input and outputs are ours.</summary>
    public static ProcessStartInfo Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        foreach (var (name, value) in Variables) start.Environment[name] = value;
        return start;
    }
}
