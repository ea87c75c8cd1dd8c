using Serverless.Host.Admin;
using Spectre.Console;

namespace Serverless.Host.Cli;

/// <summary>Decisions for people, the newest last.</summary>
internal static class DecisionTable
{
    public static void Write(TextWriter output, IReadOnlyList<DecisionReply> decisions)
    {
        IAnsiConsole console = Terminal.On(output);
        if (decisions.Count == 0)
        {
            console.Write(new Text("nothing was decided yet\n"));
            return;
        }

        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns("AT", "PHASE", "DECISION", "WHY");
        foreach (DecisionReply one in decisions)
        {
            string what = one.Effect is null ? "-" : one.Size is null ? one.Effect : $"{one.Effect} {StatusTable.Units(one.Size)}";
            table.AddRow(new Text(one.At.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss.fff")), new Text(one.Phase), new Text(what), new Text(one.Text));
        }

        console.Write(table);
    }
}
