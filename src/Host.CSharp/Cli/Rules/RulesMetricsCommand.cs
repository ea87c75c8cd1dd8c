using System.CommandLine;
using System.Text.Json;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>`serverless rules metrics [--json]`: the built-in metrics with their types, periods and staleness.</summary>
internal static class RulesMetricsCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command = new Command("metrics", "Print the metrics that rules can speak of") { json };
        command.SetAction(parsed =>
        {
            Print(parsed.GetValue(json), parsed.InvocationConfiguration.Output);
            return ExitCode.Fine;
        });
        return command;
    }

    private static void Print(bool asJson, TextWriter output)
    {
        var metrics = Metrics.BuiltIn;
        if (asJson)
        {
            output.WriteLine(JsonSerializer.Serialize(metrics.Select(MetricJson.From).ToArray(), RulesJsonContext.Readable.MetricJsonArray));
            return;
        }

        // Help may be long and takes the rest of the line; the columns before it are as wide as their widest entry.
        string[] header = ["METRIC", "TYPE", "CLASS", "EVERY", "STALE", "MEANING"];
        var rows = metrics.Select(metric => new[] { metric.Name, metric.Type, metric.Class, metric.Every, metric.Stale, metric.Help }).Prepend(header).ToList();
        var widths = Enumerable.Range(0, header.Length - 1).Select(column => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            output.WriteLine(string.Join("  ", row.Select((cell, column) => column < widths.Length ? cell.PadRight(widths[column]) : cell)));
        }
    }
}
