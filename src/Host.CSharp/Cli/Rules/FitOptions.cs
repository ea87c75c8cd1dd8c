using System.CommandLine;
using System.Globalization;
using Serverless.Host.Control.Settings;
using Serverless.Rules;

using Command = System.CommandLine.Command;

namespace Serverless.Host.Cli.Rules;

/// <summary>The options of `rules fit` beside those of a simulation: the bounds, the workloads, the search.</summary>
internal sealed class FitOptions
{
    private const int MostTries = 1_000_000;
    private const string PerDay = "/day";

    private readonly (FitFigure Figure, ReadOption<double> Option)[] _bounds =
    [
        (FitFigure.WaitP95, Time("--max-wait-p95", "What 95 percent of all statements wait at most")),
        (FitFigure.WaitP99, Time("--max-wait-p99", "What 99 percent of all statements wait at most")),
        (FitFigure.WaitLongest, Time("--max-wait", "What any statement waits at most")),
        (FitFigure.WaitMean, Time("--max-wait-mean", "What statements wait in the mean at most")),
        (FitFigure.Waited, Share("--max-waited", "The part of all statements that wait at all, at most")),
        (FitFigure.TooSmall, Share("--max-too-small", "The part of the time up with more work than the size does, at most")),
        (FitFigure.WakesPerDay, Daily("--max-wakes", "Wakes a day at most")),
        (FitFigure.ResizesPerDay, Daily("--max-resizes", "Resizes a day at most")),
        (FitFigure.ResizesTakenBackPerDay, Daily("--max-flaps", "Resizes a day at most that take back the one before, within ten minutes of it")),
    ];

    private readonly Option<string[]> _loads = new("--load")
    {
        HelpName = "LOAD", Description = "As of `rules simulate`; may be repeated, and the bounds are kept in each (default: office)",
    };

    private readonly Option<string[]> _checks = new("--check")
    {
        HelpName = "LOAD", Description = "Play what was found under this too, which it was not fitted to; of a model, with the next seed; may be repeated",
    };

    private readonly Option<string?> _policy = new("--policy") { HelpName = "NAME", Description = "The policy, where several have literals that are marked" };
    private readonly ReadOption<int> _tries = ReadOption.Count("--tries", "How many settings are tried at most", 1, MostTries, FitSearch.UsualTries);
    private readonly Option<bool> _write = new("--write") { Description = "Write what was found into the rule files, instead of printing the difference" };

    public SimulateOptions Simulation { get; } = new();

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[.. _bounds.Select(one => one.Option), _loads, _checks, _policy, _tries, _write])
        {
            command.Add(option);
        }

        Simulation.AddSharedTo(command);
    }

    public FitBound[] Bounds(ParseResult parsed) =>
        [.. from one in _bounds let most = one.Option.Find(parsed) where most is not null select new FitBound(one.Figure, most.Value)];

    public string Names => string.Join(", ", _bounds.Select(one => one.Option.Name));

    public string[] Loads(ParseResult parsed) => parsed.GetValue(_loads) is { Length: > 0 } loads ? loads : ["office"];

    public string[] Checks(ParseResult parsed) => parsed.GetValue(_checks) ?? [];

    public string? Policy(ParseResult parsed) => parsed.GetValue(_policy);

    public int Tries(ParseResult parsed) => _tries.Value(parsed);

    public bool Write(ParseResult parsed) => parsed.GetValue(_write);

    private static ReadOption<double> Time(string name, string description) => new(
        name, "TIME", description, "a time from 0s to 7d like 2s", text => QuantityText.Milliseconds(text) is { } value and >= 0 and <= 7L * 86_400_000 ? (double)value : null);

    private static ReadOption<double> Share(string name, string description) => new(
        name, "PERCENT", description, "a percentage from 0% to 100% like 0.5%",
        text => Number(text.EndsWith('%') ? text[..^1] : text) is { } value and <= 100 ? value / 100 : null);

    private static ReadOption<double> Daily(string name, string description) => new(
        name, "N/day", description, "a number a day from 0 to 1000000 like 10/day",
        text => Number(text.EndsWith(PerDay, StringComparison.Ordinal) ? text[..^PerDay.Length] : text) is { } value and <= 1_000_000 ? value : null);

    private static double? Number(string text) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) ? value : null;
}
