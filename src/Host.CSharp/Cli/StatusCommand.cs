using System.CommandLine;
using Serverless.Host.Admin;

namespace Serverless.Host.Cli;

/// <summary>`status`: one line for each database, or everything about the one that is named.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var remote = new RemoteOptions();
        Command command = remote.AddTo(new Command("status", "Show what the databases of a running gateway are doing, and why."));
        command.SetAction((parsed, cancellation) => RunAsync(remote, parsed, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(RemoteOptions remote, ParseResult parsed, CancellationToken cancellation)
    {
        using AdminClient client = remote.Connect(parsed);
        string? name = parsed.GetValue(remote.Database);
        string body = await client.GetAsync(name is null ? "/api/databases" : $"/api/databases/{Uri.EscapeDataString(name)}", cancellation);
        TextWriter output = parsed.InvocationConfiguration.Output;
        if (parsed.GetValue(remote.Json))
        {
            await output.WriteLineAsync(body);
            return ExitCode.Fine;
        }

        DatabasesReply reply = name is null
            ? AdminClient.Parse(body, AdminJson.Default.DatabasesReply)
            : new DatabasesReply([AdminClient.Parse(body, AdminJson.Default.StatusReply)]);
        StatusTable.Write(output, reply.Databases, reply.Late ?? [], DateTimeOffset.UtcNow);
        return ExitCode.Fine;
    }
}
