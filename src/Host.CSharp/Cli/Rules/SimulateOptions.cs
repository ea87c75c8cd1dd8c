using System.CommandLine;
using System.Globalization;
using Serverless.Host.Control.Settings;
using Serverless.Rules;

using Command = System.CommandLine.Command;

namespace Serverless.Host.Cli.Rules;

/// <summary>The options of `rules simulate`: which load, which compute, what it costs. Each is read where it is declared, so that a wrong one is a wrong command.</summary>
internal sealed class SimulateOptions
{
    private const string Monday = "2026-03-02T00:00Z";
    private const long LongestMs = 10L * 366 * 86_400_000;
    private const int MostCores = 4096;

    private readonly Option<string> _load = new("--load")
    {
        HelpName = "LOAD",
        Description = $"A model ({string.Join(", ", ModelLoad.Models.Select(model => model.Item1))}), a CSV file (time, load, …), or an audit log",
        DefaultValueFactory = _ => "office",
    };

    private readonly Option<ulong> _seed = new("--seed") { HelpName = "N", Description = "Of a model: another seed is another history", DefaultValueFactory = _ => 1 };
    private readonly Option<string> _length = Duration("--for", "28d", "Of a model: how long", LongestMs, least: 1);
    private readonly Option<string> _start = new("--start") { HelpName = "TIME", Description = "When a model begins, or a file whose times are seconds", DefaultValueFactory = _ => Monday };
    private readonly Option<decimal> _peak = new("--peak") { HelpName = "CORES", Description = "Of a model: the work at the busiest", DefaultValueFactory = _ => 2 };
    private readonly Option<decimal?> _price = new("--price") { HelpName = "MONEY", Description = "Of a compute-unit hour" };
    private readonly Option<string[]> _policies = new("--policy") { HelpName = "NAME", Description = "Only the policy of this name; may be repeated" };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON" };
    private readonly Option<string> _startTime = Duration("--start-time", Text(ComputeModel.Default.StartMs), "From the decision to resume until statements run", 3_600_000);
    private readonly Option<string> _stopTime = Duration("--stop-time", Text(ComputeModel.Default.StopMs), "From the decision to suspend until nothing runs", 3_600_000);
    private readonly Option<string> _resizeTime = Duration("--resize-time", Text(ComputeModel.Default.ResizeMs), "From the decision to resize until the new size is there", 3_600_000);
    private readonly Option<string> _warmUp = Duration("--warm-up", Text(ComputeModel.Default.WarmUpMs), "How long after a start the caches are cold", 86_400_000);
    private readonly Option<string> _cold = Percent("--cold", ComputeModel.Default.Cold, "What a compute does with cold caches, of what it does with warm ones", 100);
    private readonly Option<string> _speed = Percent("--speed", ComputeModel.Default.Speed, "What its processors do, of what those did that the load was measured on", 10_000);

    public string Load(ParseResult parsed) => parsed.GetRequiredValue(_load);

    public ulong Seed(ParseResult parsed) => parsed.GetValue(_seed);

    public long LengthMs(ParseResult parsed) => QuantityText.Milliseconds(parsed.GetRequiredValue(_length))!.Value;

    public long StartMs(ParseResult parsed) => InstantText.Parse(parsed.GetRequiredValue(_start))!.Value;

    /// <summary>Millicores.</summary>
    public long PeakCpu(ParseResult parsed) => (long)(parsed.GetValue(_peak) * 1000);

    public decimal? Price(ParseResult parsed) => parsed.GetValue(_price);

    /// <summary>Empty: all.</summary>
    public string[] Policies(ParseResult parsed) => parsed.GetValue(_policies) ?? [];

    public bool Json(ParseResult parsed) => parsed.GetValue(_json);

    public ComputeModel Compute(ParseResult parsed) => new(
        Milliseconds(parsed, _startTime), Milliseconds(parsed, _stopTime), Milliseconds(parsed, _resizeTime), Milliseconds(parsed, _warmUp),
        Share(parsed.GetRequiredValue(_cold))!.Value, Share(parsed.GetRequiredValue(_speed))!.Value);

    public void AddTo(Command command)
    {
        _start.Validators.Add(result =>
        {
            if (result.GetValue(_start) is { } text && InstantText.Parse(text) is null)
            {
                result.AddError($"--start: expected a time with its offset like {Monday}, found `{text}`");
            }
        });
        _peak.Validators.Add(result =>
        {
            if (result.GetValue(_peak) is < 0.001m or > MostCores)
            {
                result.AddError($"--peak: expected cores from 0.001 to {MostCores}");
            }
        });
        _price.Validators.Add(result =>
        {
            if (result.GetValue(_price) is < 0 or > 1_000_000)
            {
                result.AddError("--price: expected an amount from 0 to 1000000");
            }
        });
        foreach (Option option in (Option[])[_load, _seed, _length, _start, _peak, _price, _policies, _startTime, _stopTime, _resizeTime, _warmUp, _cold, _speed, _json])
        {
            command.Add(option);
        }
    }

    private static Option<string> Duration(string name, string otherwise, string description, long most, long least = 0)
    {
        var option = new Option<string>(name) { HelpName = "TIME", Description = description, DefaultValueFactory = _ => otherwise };
        option.Validators.Add(result =>
        {
            if (result.GetValue(option) is { } text && !(QuantityText.Milliseconds(text) is { } value && value >= least && value <= most))
            {
                result.AddError($"{name}: expected a time from {Text(least)} to {Text(most)} like {otherwise}, found `{text}`");
            }
        });
        return option;
    }

    private static Option<string> Percent(string name, int otherwise, string description, int most)
    {
        var option = new Option<string>(name) { HelpName = "PERCENT", Description = description, DefaultValueFactory = _ => $"{otherwise}%" };
        option.Validators.Add(result =>
        {
            if (result.GetValue(option) is { } text && !(Share(text) is { } value && value <= most))
            {
                result.AddError($"{name}: expected a percentage from 1% to {most}%, found `{text}`");
            }
        });
        return option;
    }

    private static int? Share(string text) =>
        int.TryParse(text.EndsWith('%') ? text.AsSpan(0, text.Length - 1) : text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value > 0 ? value : null;

    private static long Milliseconds(ParseResult parsed, Option<string> option) => QuantityText.Milliseconds(parsed.GetRequiredValue(option))!.Value;

    private static string Text(long milliseconds) => milliseconds == 0 ? "0s" : QuantityText.OfMilliseconds(milliseconds);
}
