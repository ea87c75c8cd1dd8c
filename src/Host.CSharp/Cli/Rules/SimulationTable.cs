using System.Globalization;
using Serverless.Rules;
using Spectre.Console;

namespace Serverless.Host.Cli.Rules;

/// <summary>A simulation for people: what is measured down the side, policies across.</summary>
internal static class SimulationTable
{
    public static void Write(TextWriter output, SimulationReport report)
    {
        IAnsiConsole console = Terminal.On(output);
        LoadSurvey survey = report.Survey;
        string cores = $"{Cores(survey.PeakCpu)} cpu at the busiest, {Cores(survey.MeanCpu)} cpu in the mean";
        console.Write(new Text($"{report.Load.Name}: {Quantity.show(Serverless.Core.ValueType.Duration, survey.LengthMs)} from {InstantText.Plain(report.Load.StartMs)}; {cores}\n"));
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn("");
        foreach (Prediction one in report.Columns)
        {
            table.AddColumn(new TableColumn(new Text(one.Name)).RightAligned());
        }

        foreach ((string name, Func<Prediction, string> cell) in Rows(report))
        {
            table.AddRow([new Text(name), .. report.Columns.Select(one => new Text(cell(one)))]);
        }

        console.Write(table);
        foreach (string note in Notes(report))
        {
            console.Write(new Text(note + "\n"));
        }
    }

    private static IEnumerable<(string Name, Func<Prediction, string> Cell)> Rows(SimulationReport report)
    {
        yield return ("compute-unit hours", one => Number(one.UnitHours, "#,0.00"));
        if (report.Price is { } price)
        {
            yield return ($"cost at {price.ToString(CultureInfo.InvariantCulture)} a unit hour", one => one.Cost(price).ToString("#,0.00", CultureInfo.InvariantCulture));
        }

        yield return ("of the largest, always on", one => Share(report.OfAlwaysOn(one)));
        yield return ("suspended", one => Share(one.Suspended));
        yield return ("wakes", one => Number(one.Wakes, "#,0"));
        yield return ("resizes", one => Number(one.Resizes, "#,0"));
        yield return ("resizes taken back", one => Number(one.Flaps, "#,0"));
        yield return ("too small, of the time up", one => Share(one.Short));
        yield return ("statements", one => Number(one.Arrived / 1000.0, "#,0"));
        if (report.Columns.Any(one => one.Refused > 0))
        {
            yield return ("refused", one => Number(one.Refused / 1000.0, "#,0"));
        }

        if (report.Columns.Any(one => one.Waiting > 0))
        {
            yield return ("unanswered at the end", one => Number(one.Waiting / 1000.0, "#,0.###"));
        }

        yield return ("waited", one => one.Answered == 0 ? "-" : Share(one.Waited.Statements * 1000 / one.Answered));
        yield return ("  p50 of these", one => Wait(one.Waited.P50));
        yield return ("  p95", one => Wait(one.Waited.P95));
        yield return ("  p99", one => Wait(one.Waited.P99));
        yield return ("  longest", one => Wait(one.LongestWait));
    }

    private static IEnumerable<string> Notes(SimulationReport report)
    {
        yield return $"{report.AlwaysOn[0].Name}: the largest size that the load needs"
            + (report.AlwaysOn.Count > 1 ? $"; {report.AlwaysOn[1].Name}: what it needs in the mean" : "");
        if (report.HasOtherUnits)
        {
            yield return $"the compute unit of these policies is not the same: hours are in each one's own, always on in that of {report.Policies[0].Name}";
        }

        if (!report.Load.HasMemory)
        {
            yield return "the load does not say how much memory is resident: none is taken to be";
        }
    }

    private static string Cores(long millicores) => (millicores / 1000m).ToString("0.###", CultureInfo.InvariantCulture);

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>What is more than nothing never reads as nothing.</summary>
    private static string Share(double part) => part switch
    {
        0 => "0%",
        < 0.0001 => "<0.01%",
        < 0.1 => Number(part * 100, "0.00") + "%",
        _ => Number(part * 100, "0.0") + "%",
    };

    private static string Wait(long milliseconds) => milliseconds switch
    {
        0 => "-",
        < 1_000 => $"{milliseconds} ms",
        < 120_000 => Number(milliseconds / 1_000.0, "0.00") + " s",
        < 7_200_000 => Number(milliseconds / 60_000.0, "0.0") + " min",
        _ => Number(milliseconds / 3_600_000.0, "#,0.0") + " h",
    };
}
