using System.CommandLine;
using Microsoft.Extensions.Configuration;
using Serverless.Host.Control.Settings;

namespace Serverless.Host.Cli.Up;

/// <summary>`up`: runs the gateway in the foreground until it is told to end.</summary>
internal static class UpCommand
{
    /// <summary>Flags that speak of one database; the others speak of the host.</summary>
    private static readonly (Option<string?> Option, string Key)[] OfDatabase =
    [
        (Text("--listen", "HOST:PORT", "Where clients connect (127.0.0.1:3306)."), "listen"),
        (Text("--rules", "DIR", "Folder of rule files, watched while running (rules)."), "rules"),
        (Text("--compute", "KIND", "What runs the database: local (a mariadbd or mysqld process), kubernetes (a StatefulSet, see docs/kubernetes.md) or external (a server that somebody else runs)."), "compute"),
        (Text("--backend", "HOST:PORT", "Where the external server takes connections."), "backend"),
        (Text("--user", "NAME", "First account, created on the first start (app)."), "user"),
        (Text("--password", "PASSWORD", "Its password; one is made up and printed once when left out."), "password"),
    ];

    private static readonly (Option<string?> Option, string Key)[] OfHost =
    [
        (Text("--admin", "HOST:PORT", "Admin address (127.0.0.1:8306)."), "admin:listen"),
        (Text("--data", "DIR", "Where everything lives that must outlive the process (./data)."), "data"),
    ];

    public static Command Create()
    {
        var config = new Option<string?>("--config") { HelpName = "FILE", Description = "Configuration, JSON. Environment (SERVERLESS_…) and flags win over it." };
        var shadow = new Option<bool>("--shadow") { Description = "Make decisions, explain and log them, and do not carry them out." };
        var command = new Command("up", "Run the gateway in the foreground. A line beginning `ready ` says that clients can connect.") { config };
        foreach ((Option<string?> option, _) in OfDatabase.Concat(OfHost))
        {
            command.Add(option);
        }

        command.Add(shadow);
        command.SetAction(async (parsed, _) =>
        {
            HostSettings settings = Read(parsed, parsed.GetValue(config), parsed.GetValue(shadow));
            return await HostRun.RunAsync(settings, parsed.InvocationConfiguration.Output);
        });
        return command;
    }

    private static Option<string?> Text(string name, string value, string description) => new(name) { HelpName = value, Description = description };

    private static HostSettings Read(ParseResult parsed, string? file, bool shadow)
    {
        List<(string Flag, string Key, string Value)> ofDatabase =
            [.. OfDatabase.Where(one => parsed.GetValue(one.Option) is not null).Select(one => (one.Option.Name, one.Key, parsed.GetValue(one.Option)!))];
        if (shadow)
        {
            ofDatabase.Add(("--shadow", "shadow", "true"));
        }

        IEnumerable<KeyValuePair<string, string?>> Flags(IConfiguration below)
        {
            List<IConfigurationSection> listed = [.. below.GetSection("databases").GetChildren()];
            if (listed.Count > 1 && ofDatabase.Count > 0)
            {
                throw new SettingsException($"{ofDatabase[0].Flag}: the configuration lists {listed.Count} databases; say it there, for the one that is meant");
            }

            string section = listed.Count == 1 ? listed[0].Path + ":" : "";
            return OfHost.Select(one => KeyValuePair.Create(one.Key, parsed.GetValue(one.Option)))
                .Concat(ofDatabase.Select(one => KeyValuePair.Create(section + one.Key, (string?)one.Value)));
        }

        return HostSettingsReader.Read(HostConfiguration.Compose(file, Environment.GetEnvironmentVariables(), Flags));
    }
}
