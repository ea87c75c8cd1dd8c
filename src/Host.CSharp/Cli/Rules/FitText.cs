using System.Globalization;
using Serverless.Rules;
using Spectre.Console;

namespace Serverless.Host.Cli.Rules;

/// <summary>A search for people: what was tried, the trade-off of cost against wait, and what holds elsewhere.</summary>
internal static class FitText
{
    public static string Progress(string policy, FitProgress progress)
    {
        double seconds = progress.Elapsed.TotalSeconds;
        string best = double.IsNaN(progress.BestUnitHours) ? "none keeps the bounds" : string.Create(CultureInfo.InvariantCulture, $"the best takes {progress.BestUnitHours:#,0.00} compute-unit hours");
        return string.Create(CultureInfo.InvariantCulture, $"{policy}: {progress.Tried:#,0} settings in {seconds:0} s, {progress.Tried / seconds:#,0} a second, {best}");
    }

    public static void Write(TextWriter output, FitReport report)
    {
        FitRun run = report.Run;
        IAnsiConsole console = Terminal.On(output);
        void Line(string text) => console.Write(new Text(text + "\n"));
        double seconds = run.Elapsed.TotalSeconds;
        int tried = run.Tried + run.Refused;
        Line(string.Create(CultureInfo.InvariantCulture, $"{run.Policy}: {tried:#,0} settings in {seconds:0.0} s ({tried / Math.Max(0.001, seconds):#,0} a second), {(run.IsWhole ? "which are all" : $"of {run.All:#,0}")}; {run.Refused:#,0} refused by the checker; seed {run.Seed}"));
        foreach (LoadSource load in report.Loads)
        {
            Line($"  under {load.Name}");
        }

        IReadOnlyList<string> names = report.MarkNames();
        foreach ((Tunable mark, string name) in run.Marks.Zip(names))
        {
            Line($"  {name}: {Printable.Of(mark.SourceLine, 120)} ({mark.File}:{mark.Line})");
        }

        console.Write(Curve(report, names));
        Line(run.Found ? Verdict(run) : $"no setting that was tried keeps the bounds; the nearest: {Exceeded(run.Best, run.Bounds)}");
        foreach (FitCheck check in report.Checks)
        {
            string hours = string.Create(CultureInfo.InvariantCulture, $"{check.Fitted.UnitHours:#,0.00} compute-unit hours instead of {check.Start.UnitHours:#,0.00}");
            Line($"check, {check.Load.Name}: {hours}; {(check.Fitted.KeepsBounds ? "it keeps the bounds there" : "NOT KEPT: " + Exceeded(check.Fitted, run.Bounds))}");
        }

        Line(report.Checks.Count > 0
            ? "fitted to the loads above alone; of others, the checks are all that is known"
            : "fitted to the loads above, and known to hold under them alone: --check LOAD plays it under another");
    }

    private static string Verdict(FitRun run) => string.Create(
        CultureInfo.InvariantCulture, $"found: {run.Best.UnitHours:#,0.00} compute-unit hours instead of {run.Start.UnitHours:#,0.00}{(run.Start.KeepsBounds ? "" : ", which do not keep the bounds")}");

    private static Table Curve(FitReport report, IReadOnlyList<string> names)
    {
        FitRun run = report.Run;
        FitFigure[] figures = [.. run.Bounds.Select(bound => bound.Figure).Prepend(FitFigure.WaitMean).Distinct()];
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn("");
        string[] heads = [.. names, "compute-unit hours", .. report.Price is null ? (string[])[] : ["cost"], .. figures.Select(Name), "bounds"];
        foreach (string head in heads)
        {
            table.AddColumn(new TableColumn(new Text(head)).RightAligned());
        }

        foreach (FitSetting one in report.Rows())
        {
            string what = ReferenceEquals(one, run.Best) ? (run.Found ? "found" : "nearest") : "";
            what = ReferenceEquals(one, run.Start) ? (what.Length > 0 ? what + ", as it is" : "as it is") : what;
            string[] cells =
            [
                what, .. one.Texts, one.UnitHours.ToString("#,0.00", CultureInfo.InvariantCulture),
                .. report.Price is { } price ? (string[])[one.Cost(price).ToString("#,0.00", CultureInfo.InvariantCulture)] : [],
                .. figures.Select(figure => Shown(figure, one.Figure(figure))), one.KeepsBounds ? "kept" : "-",
            ];
            table.AddRow(cells.Select(cell => new Text(cell)));
        }

        return table;
    }

    private static string Exceeded(FitSetting setting, IEnumerable<FitBound> bounds) => string.Join(
        ", ", bounds.Where(bound => setting.Figure(bound.Figure) > bound.Most)
            .Select(bound => $"{Name(bound.Figure)} {Shown(bound.Figure, setting.Figure(bound.Figure))}, not {Shown(bound.Figure, bound.Most)}"));

    private static string Name(FitFigure figure) => figure switch
    {
        FitFigure.WaitP95 => "wait p95",
        FitFigure.WaitP99 => "wait p99",
        FitFigure.WaitLongest => "longest wait",
        FitFigure.WaitMean => "mean wait",
        FitFigure.Waited => "waited",
        FitFigure.WakesPerDay => "wakes a day",
        FitFigure.ResizesPerDay => "resizes a day",
        FitFigure.ResizesTakenBackPerDay => "taken back a day",
        _ => "too small",
    };

    private static string Shown(FitFigure figure, double value) => (figure, value) switch
    {
        (_, double.PositiveInfinity) => "for ever",
        (FitFigure.WaitP95 or FitFigure.WaitP99 or FitFigure.WaitLongest, 0) => "0 ms",
        (FitFigure.WaitP95 or FitFigure.WaitP99 or FitFigure.WaitLongest, _) => SimulationRows.Wait((long)value),
        (FitFigure.WaitMean, < 10) => value.ToString("0.0##", CultureInfo.InvariantCulture) + " ms",
        (FitFigure.WaitMean, < 1_000) => value.ToString("0", CultureInfo.InvariantCulture) + " ms",
        (FitFigure.WaitMean, _) => SimulationRows.Wait((long)value),
        (FitFigure.Waited or FitFigure.TooSmall, _) => SimulationRows.Share(value),
        _ => value.ToString("#,0.##", CultureInfo.InvariantCulture),
    };
}
