using System.CommandLine;
using Serverless.Host.Admin;

namespace Serverless.Host.Cli;

/// <summary>`suspend`, `resume`, `resize`, `pause` and `unpause`: an operator's wishes, told to a running gateway.</summary>
internal static class OperatorCommands
{
    /// <summary>How often a command looks whether what it asked for has come about.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    public static IEnumerable<Command> Create() =>
    [
        Plain("suspend", "Put a database to sleep now. New statements wait until it is up again; what runs may end first."),
        Sized("resume", "Wake a database now.", required: false),
        Sized("resize", "Give a database another size now.", required: true),
        Plain("pause", "Take a database out of the rules' hands: it stays as it is until `unpause`."),
        Plain("unpause", "Give a database back to the rules."),
    ];

    private static Command Plain(string name, string description)
    {
        var remote = new RemoteOptions();
        Command command = remote.AddTo(new Command(name, description));
        command.SetAction((parsed, cancellation) => RunAsync(name, remote, null, parsed, cancellation));
        return command;
    }

    private static Command Sized(string name, string description, bool required)
    {
        var remote = new RemoteOptions();
        var size = new Option<string?>("--size") { HelpName = "SIZE", Required = required, Description = "In compute units, like 2cu or 0.5cu." };
        Command command = remote.AddTo(new Command(name, description));
        command.Add(size);
        command.SetAction((parsed, cancellation) => RunAsync(name, remote, parsed.GetValue(size), parsed, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string name, RemoteOptions remote, string? size, ParseResult parsed, CancellationToken cancellation)
    {
        using AdminClient client = remote.Connect(parsed);
        string path = $"/api/databases/{Uri.EscapeDataString(await client.ChooseAsync(parsed.GetValue(remote.Database), cancellation))}";
        string body = await client.PostAsync($"{path}/{name}", new CommandRequest { Size = size }, cancellation);
        StatusReply status = AdminClient.Parse(body, AdminJson.Default.StatusReply);
        IReadOnlyList<string> warnings = status.Warnings;
        while (IsUnderway(status))
        {
            await Task.Delay(Look, cancellation);
            body = await client.GetAsync(path, cancellation);
            status = AdminClient.Parse(body, AdminJson.Default.StatusReply);
        }

        TextWriter output = parsed.InvocationConfiguration.Output;
        if (parsed.GetValue(remote.Json))
        {
            await output.WriteLineAsync(body);
        }
        else
        {
            await output.WriteLineAsync($"{status.Name}: {status.Phase}{(status.Paused ? ", paused" : "")}, {StatusTable.Units(status.Size)}{string.Concat(warnings.Select(warning => $"; {warning}"))}");
        }

        if (Failure(name, status) is { } failure)
        {
            throw new CommandFailedException(failure);
        }

        return ExitCode.Fine;
    }

    private static bool IsUnderway(StatusReply status) => status.Phase is "resuming" or "resizing" or "draining" or "suspending";

    /// <summary>The command's own effect did not come about; one that something else followed did. A gateway that does not lead has answered for the one that does, and what it withheld itself is none of it.</summary>
    private static string? Failure(string name, StatusReply status) =>
        status.Fleet is { Leads: false } && name != "resume" ? null
        : status.LastEffect is { Outcome: not ("succeeded" or "underway") } effect && effect.Effect == name
            ? $"{name} of {status.Name} {effect.Outcome}{(effect.Reason is null ? "" : ": " + effect.Reason)}"
            : null;
}
