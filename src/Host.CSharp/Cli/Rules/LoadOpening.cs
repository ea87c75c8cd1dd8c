using System.CommandLine;
using Serverless.Core;
using Serverless.Host.Control.Audit;
using Serverless.Host.Control.Settings;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>The load that `--load` names: a model, a file of comma-separated values, or an audit log.</summary>
/// <param name="Load">Null where it cannot be had.</param>
/// <param name="Problem">Why, in lines.</param>
internal sealed record LoadOpening(LoadSource? Load, string Problem, int Exit)
{
    /// <param name="all">Whose metrics a file may have as columns.</param>
    /// <param name="zone">The days and hours of a model.</param>
    public static Task<LoadOpening> OpenAsync(SimulateOptions options, ParseResult parsed, IEnumerable<Policy> all, Zone zone, CancellationToken cancellation) =>
        OpenAsync("--load", options.Load(parsed), options.Seed(parsed), options, parsed, all, zone, cancellation);

    /// <inheritdoc cref="OpenAsync(SimulateOptions, ParseResult, IEnumerable{Policy}, Zone, CancellationToken)"/>
    /// <param name="option">That names it.</param>
    /// <param name="text">As it is named.</param>
    /// <param name="seed">Of a model.</param>
    public static async Task<LoadOpening> OpenAsync(
        string option, string text, ulong seed, SimulateOptions options, ParseResult parsed, IEnumerable<Policy> all, Zone zone, CancellationToken cancellation)
    {
        if (ModelLoad.Of(text, seed, zone, options.StartMs(parsed), options.LengthMs(parsed), options.PeakCpu(parsed)) is { } model)
        {
            return new LoadOpening(model, "", ExitCode.Fine);
        }

        if (Directory.Exists(text) || (File.Exists(text) && text.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase)))
        {
            return await AuditAsync(text, cancellation);
        }

        if (!File.Exists(text))
        {
            string[] models = [.. ModelLoad.Models.Select(one => one.Item1)];
            return Failed(
                ExitCode.Usage,
                $"{option}: expected a model ({string.Join(", ", models)}), a CSV file or an audit log, found `{text}`, which is none{Nearest.Hint(text, models)}\n");
        }

        LoadFile file = LoadFile.Csv(text, options.StartMs(parsed), all);
        return file.Problem is { } problem ? Failed(ExitCode.Wrong, problem.Render()) : new LoadOpening(file.Load, "", ExitCode.Fine);
    }

    private static async Task<LoadOpening> AuditAsync(string path, CancellationToken cancellation)
    {
        RecordedLoad recorded;
        try
        {
            IReadOnlyList<string> files = Directory.Exists(path) ? AuditLog.AuditFiles(path) : [path];
            if (files.Count == 0)
            {
                return Failed(ExitCode.Usage, $"{path}: there is no audit file in it (expected files like 00000001.jsonl)\n");
            }

            recorded = (await AuditTrace.ReadAsync(files, cancellation)).Recorded;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return Failed(ExitCode.Wrong, e.Message + "\n");
        }

        return recorded.LengthMs switch
        {
            0 => Failed(ExitCode.Wrong, $"{path}: expected inputs of an audit log at two instants at least, found nothing that lasts\n"),
            > SimulateOptions.LongestMs => Failed(ExitCode.Wrong, $"{path}: expected at most ten years, found {QuantityText.OfMilliseconds(recorded.LengthMs)}\n"),
            _ => new LoadOpening(recorded.ToLoad($"recorded in {Path.GetFileName(Path.TrimEndingDirectorySeparator(path))}"), "", ExitCode.Fine),
        };
    }

    private static LoadOpening Failed(int exit, string problem) => new(null, problem, exit);
}
