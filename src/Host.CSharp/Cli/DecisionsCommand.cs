using System.CommandLine;
using Serverless.Host.Admin;

namespace Serverless.Host.Cli;

/// <summary>`decisions`: what was decided lately, and why.</summary>
internal static class DecisionsCommand
{
    public static Command Create()
    {
        var remote = new RemoteOptions();
        ReadOption<int> limit = ReadOption.Count("--limit", "How many, the newest last.", 1, 1000, otherwise: 20);
        Command command = remote.AddTo(new Command("decisions", "Show what was decided for a database lately, and why."));
        command.Add(limit);
        command.SetAction((parsed, cancellation) => RunAsync(remote, parsed, limit.Value(parsed), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(RemoteOptions remote, ParseResult parsed, int limit, CancellationToken cancellation)
    {
        using AdminClient client = remote.Connect(parsed);
        string database = await client.ChooseAsync(parsed.GetValue(remote.Database), cancellation);
        string body = await client.GetAsync($"/api/databases/{Uri.EscapeDataString(database)}/decisions?limit={limit}", cancellation);
        TextWriter output = parsed.InvocationConfiguration.Output;
        if (parsed.GetValue(remote.Json))
        {
            await output.WriteLineAsync(body);
        }
        else
        {
            DecisionsReply reply = AdminClient.Parse(body, AdminJson.Default.DecisionsReply);
            DecisionTable.Write(output, reply.Decisions);
            if (reply.Now is { } now)
            {
                ExplanationText.Write(output, $"now, {now.Phase}", now.Lines);
            }
        }

        return ExitCode.Fine;
    }
}
