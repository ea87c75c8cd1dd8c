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
        string cores = $"{SimulationRows.Cores(survey.PeakCpu)} cpu at the busiest, {SimulationRows.Cores(survey.MeanCpu)} cpu in the mean";
        console.Write(new Text($"{report.Load.Name}: {Quantity.show(Serverless.Core.ValueType.Duration, survey.LengthMs)} from {InstantText.Plain(report.Load.StartMs)}; {cores}\n"));
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn("");
        foreach (SimulationColumn one in report.Columns)
        {
            table.AddColumn(new TableColumn(new Text(one.Name)).RightAligned());
        }

        foreach ((string name, Func<SimulationColumn, string> cell) in SimulationRows.Of(report))
        {
            table.AddRow([new Text(name), .. report.Columns.Select(one => new Text(cell(one)))]);
        }

        console.Write(table);
        foreach (string note in report.Notes())
        {
            console.Write(new Text(note + "\n"));
        }
    }
}
