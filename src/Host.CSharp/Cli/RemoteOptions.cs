using System.CommandLine;
using Serverless.Host.Control.Settings;

namespace Serverless.Host.Cli;

/// <summary>What every command that talks to a running gateway takes.</summary>
internal sealed class RemoteOptions
{
    public Argument<string?> Database { get; } = new("DATABASE") { Arity = ArgumentArity.ZeroOrOne, Description = "Name of the database; may be left out when there is one." };

    public Option<string> Admin { get; } = new("--admin")
    {
        HelpName = "URL",
        Description = "Admin address of the gateway.",
        // A gateway that listens on every address is reached on the loopback too.
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("SERVERLESS_ADMIN__LISTEN")?.Replace("*:", "127.0.0.1:", StringComparison.Ordinal) ?? "http://127.0.0.1:8306",
    };

    public Option<string?> Token { get; } = new("--token")
    {
        HelpName = "TOKEN",
        Description = "Token of the admin address (or SERVERLESS_ADMIN__TOKEN).",
    };

    public Option<bool> Json { get; } = new("--json") { Description = "Print the answer as JSON." };

    public Command AddTo(Command command)
    {
        // What begins with a dash and is no option would be taken for the name of a database.
        Database.Validators.Add(result =>
        {
            foreach (string token in result.Tokens.Select(token => token.Value).Where(token => token.StartsWith('-')))
            {
                result.AddError($"unknown option `{token}`{Nearest.Hint(token, command.Options.Select(option => option.Name))}");
            }
        });
        command.Add(Database);
        command.Add(Admin);
        command.Add(Token);
        command.Add(Json);
        return command;
    }

    public AdminClient Connect(ParseResult parsed) =>
        new(parsed.GetValue(Admin)!, parsed.GetValue(Token) ?? Environment.GetEnvironmentVariable("SERVERLESS_ADMIN__TOKEN"));
}
