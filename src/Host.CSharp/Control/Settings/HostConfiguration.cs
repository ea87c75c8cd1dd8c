using System.Collections;
using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace Serverless.Host.Control.Settings;

/// <summary>The layers of the configuration: file, then environment (`SERVERLESS_ADMIN__TOKEN` is `admin:token`), then flags.</summary>
internal static class HostConfiguration
{
    private const string Prefix = "SERVERLESS_";

    /// <summary>
    /// Variables that begin alike and are somebody else's: those of the tests and benchmarks, and those that Kubernetes sets in every pod beside a Service named `serverless`.
    /// </summary>
    private static readonly string[] Foreign = ["TEST_", "BENCH_", "PORT", "SERVICE_"];

    /// <param name="flags">Given the layers below them, key to value; null values were not given.</param>
    /// <exception cref="SettingsException">The file cannot be read, or is no JSON.</exception>
    public static IConfiguration Compose(string? file, IDictionary environment, Func<IConfiguration, IEnumerable<KeyValuePair<string, string?>>> flags)
    {
        byte[]? text = file is null ? null : ReadFile(file);
        IConfigurationBuilder Layers()
        {
            var builder = new ConfigurationBuilder();
            if (text is not null)
            {
                builder.AddJsonStream(new MemoryStream(text));
            }

            return builder.AddInMemoryCollection(FromEnvironment(environment));
        }

        IConfigurationRoot below;
        try
        {
            below = Layers().Build();
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            Exception cause = e is FormatException { InnerException: JsonException inner } ? inner : e;
            throw new SettingsException($"--config {file}: it is no JSON: {cause.Message}", e);
        }

        // not on top of what is below as a whole: a layer that is a configuration loses what is empty
        return Layers().AddInMemoryCollection(flags(below).Where(flag => flag.Value is not null)).Build();
    }

    private static byte[] ReadFile(string file)
    {
        try
        {
            return File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"--config {file}: {e.Message}", e);
        }
    }

    private static IEnumerable<KeyValuePair<string, string?>> FromEnvironment(IDictionary environment)
    {
        foreach (DictionaryEntry entry in environment)
        {
            if (entry is { Key: string name, Value: string value } && name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                string key = name[Prefix.Length..];
                if (!Array.Exists(Foreign, foreign => key.StartsWith(foreign, StringComparison.Ordinal)))
                {
                    yield return KeyValuePair.Create(key.Replace("__", ":", StringComparison.Ordinal), (string?)value);
                }
            }
        }
    }
}
