using System.CommandLine;
using System.Globalization;
using Serverless.Host.Control.Settings;
using Serverless.Rules;

using Command = System.CommandLine.Command;

namespace Serverless.Host.Cli.Rules;

/// <summary>The options of `rules simulate`: which load, which compute, what it costs.</summary>
internal sealed class SimulateOptions
{
    /// <summary>Of a load: ten years.</summary>
    public const long LongestMs = 10L * 366 * 86_400_000;

    private const string Monday = "2026-03-02T00:00Z";
    private const int MostCores = 4096;
    private static readonly long s_earliest = InstantText.Parse("1970-01-01T00:00Z")!.Value;
    private static readonly long s_latest = InstantText.Parse("2200-01-01T00:00Z")!.Value;

    private readonly Option<string> _load = new("--load")
    {
        HelpName = "LOAD",
        Description = $"A model ({string.Join(", ", ModelLoad.Models.Select(model => model.Item1))}), a CSV file (time, load, …), or an audit log",
        DefaultValueFactory = _ => "office",
    };

    private readonly ReadOption<ulong> _seed = new(
        "--seed", "N", "Of a model: another seed is another history", $"a whole number from 0 to {ulong.MaxValue}",
        text => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : null, "1");

    private readonly ReadOption<long> _length = Duration("--for", "28d", "Of a model: how long", LongestMs, least: 1);
    private readonly ReadOption<long> _start = new(
        "--start", "TIME", "When a model begins, or the second 0 of a file whose times are seconds", $"a time from 1970 to 2200 with its offset like {Monday}",
        text => InstantText.Parse(text) is { } at && at >= s_earliest && at < s_latest ? at : null, Monday);

    private readonly ReadOption<decimal> _peak = ReadOption.Number("--peak", "CORES", "Of a model: the work at the busiest", "cores", 0.001m, MostCores, "2");
    private readonly ReadOption<decimal> _price = ReadOption.Number("--price", "MONEY", "Of a compute-unit hour", "an amount", 0, 1_000_000);
    private readonly Option<string[]> _policies = new("--policy") { HelpName = "NAME", Description = "Only the policies of this name; may be repeated, and they stand in this order" };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON" };
    private readonly Option<string?> _report = new("--report") { HelpName = "FILE", Description = "Write a page with charts too, which needs nothing but a browser" };
    private readonly ReadOption<int> _compute = new(
        "--compute", "KIND", $"Times as measured of a kind of compute: {Kinds}", Kinds, text => Kind(text) is var found and >= 0 ? found : null);

    private readonly ReadOption<long> _startTime = Time("--start-time", ComputeModel.Default.StartMs, "From the decision to resume until statements run");
    private readonly ReadOption<long> _stopTime = Time("--stop-time", ComputeModel.Default.StopMs, "From the decision to suspend until nothing runs");
    private readonly ReadOption<long> _resizeTime = Time("--resize-time", ComputeModel.Default.ResizeMs, "From the decision to resize until the new size is there");
    private readonly ReadOption<long> _warmUp = Duration("--warm-up", Text(ComputeModel.Default.WarmUpMs), "How long after a start the caches are cold", 86_400_000);
    private readonly ReadOption<int> _cold = Percent("--cold", ComputeModel.Default.Cold, "What a compute does with cold caches, of what it does with warm ones", 100);
    private readonly ReadOption<int> _speed = Percent("--speed", ComputeModel.Default.Speed, "What its processors do, of what those did that the load was measured on", 10_000);

    public string Load(ParseResult parsed) => parsed.GetRequiredValue(_load);

    public ulong Seed(ParseResult parsed) => _seed.Value(parsed);

    /// <summary>Of a model, for a check against another history of it.</summary>
    public ulong NextSeed(ParseResult parsed) => unchecked(Seed(parsed) + 1);

    public long LengthMs(ParseResult parsed) => _length.Value(parsed);

    public long StartMs(ParseResult parsed) => _start.Value(parsed);

    /// <summary>Millicores.</summary>
    public long PeakCpu(ParseResult parsed) => (long)(_peak.Value(parsed) * 1000);

    public decimal? Price(ParseResult parsed) => _price.Find(parsed);

    /// <summary>Empty: all.</summary>
    public string[] Policies(ParseResult parsed) => parsed.GetValue(_policies) ?? [];

    public bool Json(ParseResult parsed) => parsed.GetValue(_json);

    public string? Report(ParseResult parsed) => parsed.GetValue(_report);

    /// <summary>What was given counts before what the kind has, and that before the default.</summary>
    public ComputeModel Compute(ParseResult parsed)
    {
        ComputeModel kind = _compute.Find(parsed) is { } place ? ComputeModel.Kinds[place].Item2 : ComputeModel.Default;
        return new(
            _startTime.Find(parsed) ?? kind.StartMs, _stopTime.Find(parsed) ?? kind.StopMs, _resizeTime.Find(parsed) ?? kind.ResizeMs,
            _warmUp.Value(parsed), _cold.Value(parsed), _speed.Value(parsed));
    }

    public void AddTo(Command command)
    {
        command.Add(_load);
        command.Add(_policies);
        command.Add(_report);
        AddSharedTo(command);
    }

    /// <summary>All but those that say which load and which policies.</summary>
    public void AddSharedTo(Command command)
    {
        foreach (Option option in (Option[])[_seed, _length, _start, _peak, _price, _compute, _startTime, _stopTime, _resizeTime, _warmUp, _cold, _speed, _json])
        {
            command.Add(option);
        }
    }

    private static string Kinds => string.Join(" or ", ComputeModel.Kinds.Select(kind => kind.Item1));

    /// <summary>-1: there is none of this name.</summary>
    private static int Kind(string text) => ComputeModel.Kinds.Select(kind => kind.Item1).ToList().IndexOf(text);

    /// <summary>Where it is not given, the kind of compute has it.</summary>
    private static ReadOption<long> Time(string name, long otherwise, string description)
    {
        const long Most = 3_600_000;
        return new(
            name, "TIME", $"{description} (default: {Text(otherwise)}, or what --compute has)", $"a time from 0s to {Text(Most)} like {Text(otherwise)}",
            text => QuantityText.Milliseconds(text) is { } value and >= 0 and <= Most ? value : null);
    }

    private static ReadOption<long> Duration(string name, string otherwise, string description, long most, long least = 0) => new(
        name, "TIME", description, $"a time from {Text(least)} to {Text(most)} like {otherwise}",
        text => QuantityText.Milliseconds(text) is { } value && value >= least && value <= most ? value : null, otherwise);

    private static ReadOption<int> Percent(string name, int otherwise, string description, int most) => new(
        name, "PERCENT", description, $"a percentage from 1% to {most}%", text => Share(text) is { } value && value <= most ? value : null, $"{otherwise}%");

    private static int? Share(string text) =>
        int.TryParse(text.EndsWith('%') ? text.AsSpan(0, text.Length - 1) : text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value > 0 ? value : null;

    private static string Text(long milliseconds) => milliseconds == 0 ? "0s" : QuantityText.OfMilliseconds(milliseconds);
}
