using System.CommandLine;
using Serverless.Host.Admin;

namespace Serverless.Host.Cli;

/// <summary>`decisions`: what was decided lately, and why; with `--export` what the gateway saw, as a load to simulate.</summary>
internal static class DecisionsCommand
{
    public static Command Create()
    {
        var remote = new RemoteOptions();
        ReadOption<int> limit = ReadOption.Count("--limit", "How many, the newest last.", 1, 1000, otherwise: 20);
        Command command = remote.AddTo(new Command("decisions", "Show what was decided for a database lately, and why."));
        var export = new Option<string?>("--export") { HelpName = "FILE", Description = "Write all that the gateway saw as CSV, to be simulated under other rules." };
        var audit = new Option<string?>("--audit") { HelpName = "PATH", Description = "With --export: take it from an audit log on disk, a folder or a file, and ask no gateway." };
        command.Add(limit);
        command.Add(export);
        command.Add(audit);
        command.Validators.Add(result =>
        {
            foreach (Option option in (Option[])[audit, export])
            {
                if (result.GetResult(option) is { Implicit: false } given && given.Tokens is [{ Value.Length: 0 }])
                {
                    result.AddError($"{option.Name}: expected a path, found nothing");
                }
            }

            if (result.GetResult(audit) is { Implicit: false } && (result.GetResult(export) is null or { Implicit: true }))
            {
                result.AddError("--audit: expected --export FILE with it, found none");
            }

            if (result.GetResult(export) is { Implicit: false } && result.GetResult(remote.Json) is { Implicit: false })
            {
                result.AddError("expected --export or --json, found both");
            }
        });
        command.SetAction((parsed, cancellation) => parsed.GetValue(export) is { } target
            ? ExportAsync(remote, parsed, target, parsed.GetValue(audit), cancellation)
            : RunAsync(remote, parsed, limit.Value(parsed), cancellation));
        return command;
    }

    private static async Task<int> ExportAsync(RemoteOptions remote, ParseResult parsed, string target, string? audit, CancellationToken cancellation)
    {
        TextWriter output = parsed.InvocationConfiguration.Output;
        if (audit is not null)
        {
            await DecisionsExport.FromDiskAsync(audit, target, output, cancellation);
            return ExitCode.Fine;
        }

        using AdminClient client = remote.Connect(parsed);
        string database = await client.ChooseAsync(parsed.GetValue(remote.Database), cancellation);
        await DecisionsExport.FromGatewayAsync(client, database, target, output, cancellation);
        return ExitCode.Fine;
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
