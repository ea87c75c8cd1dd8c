using System.Globalization;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>The figures of a simulation as people read them, in the terminal and on the page: a row each.</summary>
internal static class SimulationRows
{
    public static IEnumerable<(string Name, Func<SimulationColumn, string> Cell)> Of(SimulationReport report)
    {
        (string, Func<SimulationColumn, string>) Row(string name, Func<Prediction, string> cell) => (name, one => cell(one.Prediction));
        bool Has(Func<Prediction, long> figure) => report.Columns.Any(one => figure(one.Prediction) > 0);
        yield return Row("compute-unit hours", one => Number(one.UnitHours, "#,0.00"));
        if (report.Price is { } price)
        {
            yield return Row($"cost at {price.ToString(CultureInfo.InvariantCulture)} a unit hour", one => one.Cost(price).ToString("#,0.00", CultureInfo.InvariantCulture));
        }

        yield return ("of the largest, always on", one => Share(report.OfAlwaysOn(one)));
        yield return Row("suspended", one => Share(one.Suspended));
        yield return Row("wakes", one => Number(one.Wakes, "#,0"));
        yield return Row("resizes", one => Number(one.Resizes, "#,0"));
        yield return Row("resizes taken back", one => Number(one.Flaps, "#,0"));
        yield return Row("too small, of the time up", one => Share(one.Short));
        yield return Row("statements", one => Number(one.Arrived / 1000.0, "#,0"));
        if (Has(one => one.Refused))
        {
            yield return Row("refused", one => Number(one.Refused / 1000.0, "#,0"));
        }

        if (Has(one => one.Waiting))
        {
            yield return Row("unanswered at the end", one => Number(one.Waiting / 1000.0, "#,0.###"));
        }

        if (Has(one => one.WorkWaiting))
        {
            yield return Row("undone at the end, cpu s", one => Number(one.WorkWaiting / 1_000_000.0, "#,0.###"));
        }

        yield return Row("waited", one => one.Answered == 0 ? "-" : Share(one.Waited.Statements * 1000 / one.Answered));
        yield return Row("  p50 of these", one => Wait(one.Waited.P50));
        yield return Row("  p95", one => Wait(one.Waited.P95));
        yield return Row("  p99", one => Wait(one.Waited.P99));
        yield return Row("  longest", one => Wait(one.LongestWait));
    }

    public static string Cores(long millicores) => (millicores / 1000m).ToString("0.###", CultureInfo.InvariantCulture);

    public static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>What is more than nothing never reads as nothing.</summary>
    public static string Share(double part) => part switch
    {
        0 => "0%",
        < 0.0001 => "<0.01%",
        < 0.1 => Number(part * 100, "0.00") + "%",
        _ => Number(part * 100, "0.0") + "%",
    };

    public static string Wait(long milliseconds) => milliseconds switch
    {
        0 => "-",
        < 1_000 => $"{milliseconds} ms",
        < 120_000 => Number(milliseconds / 1_000.0, "0.00") + " s",
        < 7_200_000 => Number(milliseconds / 60_000.0, "0.0") + " min",
        _ => Number(milliseconds / 3_600_000.0, "#,0.0") + " h",
    };
}
