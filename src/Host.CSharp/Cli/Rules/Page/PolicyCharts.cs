using System.Globalization;
using System.Text;
using System.Text.Json;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules.Page;

/// <summary>What happened when under one policy: load and size, phases, who waited, and all of it as a table.</summary>
internal sealed class PolicyCharts(SimulationColumn column, LoadShape load, long startMs)
{
    private const int TableRows = 24;
    private readonly Timeline _timeline = column.Timeline!;
    private readonly double _unit = column.Prediction.Policy.Unit.Cpu / 1_000_000.0;

    public string Html()
    {
        int count = _timeline.Count;
        IReadOnlyList<TimeMark> marks = TimeAxis.Marks(startMs, _timeline.LengthMs);
        double most = Enumerable.Range(0, count).Max(at => Math.Max(Largest(at), load.Peak(at) / 1000.0));
        double waiting = Enumerable.Range(0, count).Max(at => (double)_timeline[at].Waiting);
        double longest = Enumerable.Range(0, count).Max(at => (double)_timeline[at].LongestWaitMs);

        var work = new Chart("Work and size", "processors (cpu)", 190, Chart.Round(most), count, marks);
        work.Name("size", "size of the compute");
        work.Name("demand", "work that comes, in the mean");
        work.Name("demand-soft", "least to most of it");
        work.Area("size-soft", _ => 0, Largest);
        work.Area("demand-soft", at => load.Lowest(at) / 1000.0, at => load.Peak(at) / 1000.0);
        work.Steps("demand", at => load.Mean(at) / 1000.0);
        work.Steps("size", Largest);

        var phases = new Chart("Phases", "percent of the time", 46, 100, count, marks);
        phases.Name("serving", "serving");
        phases.Name("starting", "starting");
        phases.Name("stopping", "stopping");
        phases.Name("asleep", "asleep");
        phases.Area("serving", _ => 0, at => Share(at, one => one.ServingMs));
        phases.Area("starting", at => Share(at, one => one.ServingMs), at => Share(at, one => one.ServingMs + one.StartingMs));
        phases.Area("stopping", at => Share(at, one => one.ServingMs + one.StartingMs), at => Share(at, one => one.ServingMs + one.StartingMs + one.StoppingMs));
        phases.Area("asleep", at => Share(at, one => one.ServingMs + one.StartingMs + one.StoppingMs), _ => 100);

        (double scale, string unit) = Scale(longest);
        var waits = new Chart("Longest wait", unit, 90, Chart.Round(longest / scale), count, marks);
        waits.Area("wait", _ => 0, at => _timeline[at].LongestWaitMs / scale);

        var held = new Chart("Statements held or queued", "the most at a time", 90, Math.Max(2, Chart.Round(waiting)), count, marks);
        held.Area("wait", _ => 0, at => _timeline[at].Waiting);

        string name = PageText.Escaped(column.Name);
        string tips = JsonSerializer.Serialize(Enumerable.Range(0, count).Select(Tip).ToArray(), PageJson.Default.StringArray);
        return new StringBuilder($"<section class=\"card\" data-over><h3>{name}</h3><output class=\"now\">time is in UTC; a column is {QuantityText(_timeline.WidthMs)}</output>")
            .Append(work.Html(hasTimes: false)).Append(phases.Html(hasTimes: false)).Append(held.Html(hasTimes: false)).Append(waits.Html(hasTimes: true))
            .Append($"<details><summary>{name}, as a table</summary>{Table()}</details><script type=\"application/json\">{tips}</script></section>\n").ToString();
    }

    private static string QuantityText(long milliseconds) => Control.Settings.QuantityText.OfMilliseconds(milliseconds);

    private static (double Scale, string Unit) Scale(double milliseconds) =>
        milliseconds < 1_000 ? (1, "milliseconds") : milliseconds < 120_000 ? (1_000, "seconds") : milliseconds < 7_200_000 ? (60_000, "minutes") : (3_600_000, "hours");

    private double Largest(int at) => _timeline[at].LargestSize * _unit;

    private double Share(int at, Func<TimelineColumn, long> part)
    {
        TimelineColumn one = _timeline[at];
        long whole = one.ServingMs + one.StartingMs + one.StoppingMs + one.AsleepMs;
        return whole == 0 ? 0 : 100.0 * part(one) / whole;
    }

    private string Tip(int at)
    {
        TimelineColumn one = _timeline[at];
        string phase = new[] { (one.ServingMs, "serving"), (one.AsleepMs, "asleep"), (one.StartingMs, "starting"), (one.StoppingMs, "stopping") }.MaxBy(part => part.Item1).Item2;
        string size = one.LargestSize == one.LowestSize ? Cpu(one.LargestSize) : $"{Cpu(one.LowestSize)} to {Cpu(one.LargestSize)}";
        return $"{TimeAxis.Instant(startMs + (at * _timeline.WidthMs), _timeline.WidthMs)}: {phase}, size {size} cpu, work {SimulationRows.Cores(load.Mean(at))} cpu, "
            + $"{one.Waiting.ToString("#,0", CultureInfo.InvariantCulture)} waiting, longest wait {Wait(one.LongestWaitMs)}";
    }

    private string Cpu(long size) => (size * _unit).ToString("0.###", CultureInfo.InvariantCulture);

    private static string Wait(long milliseconds) => milliseconds == 0 ? "none" : SimulationRows.Wait(milliseconds);

    private string Table()
    {
        var html = new StringBuilder(
            "<div class=\"scroll\"><table><thead><tr><th>from (UTC)</th><th>work, mean cpu</th><th>work, most cpu</th><th>size, most cpu</th><th>asleep</th><th>most waiting</th><th>longest wait</th></tr></thead><tbody>");
        int each = (_timeline.Count + TableRows - 1) / TableRows;
        for (int from = 0; from < _timeline.Count; from += each)
        {
            int[] all = [.. Enumerable.Range(from, Math.Min(each, _timeline.Count - from))];
            TimelineColumn[] columns = [.. all.Select(at => _timeline[at])];
            long length = columns.Sum(one => one.ServingMs + one.StartingMs + one.StoppingMs + one.AsleepMs);
            html.Append($"<tr><td>{TimeAxis.Instant(startMs + (from * _timeline.WidthMs), _timeline.WidthMs)}</td><td>{SimulationRows.Cores((long)all.Average(load.Mean))}</td>")
                .Append($"<td>{SimulationRows.Cores(all.Max(load.Peak))}</td><td>{Cpu(columns.Max(one => one.LargestSize))}</td>")
                .Append($"<td>{SimulationRows.Share(length == 0 ? 0 : (double)columns.Sum(one => one.AsleepMs) / length)}</td>")
                .Append($"<td>{columns.Max(one => one.Waiting).ToString("#,0", CultureInfo.InvariantCulture)}</td><td>{Wait(columns.Max(one => one.LongestWaitMs))}</td></tr>");
        }

        return html.Append("</tbody></table></div>").ToString();
    }
}
