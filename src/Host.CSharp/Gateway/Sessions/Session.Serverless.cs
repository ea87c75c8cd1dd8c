using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>Statements to the gateway itself. They need no compute, wake none, and keep none awake.</summary>
internal sealed partial class Session
{
    /// <summary>Rows of SHOW SERVERLESS SESSIONS; the admin API gives all, in pages.</summary>
    private const int MostSessionsShown = 1000;

    private ServerlessStatement? _serverless;

    private Decision AnswerServerless(ServerlessStatement statement)
    {
        if (statement.Wrong is { } wrong) return AnswerError(ErrorCode.ParseError, wrong);
        var mayAll = Database.Options.AdminUsers.Contains(_identity.User);
        if (statement.Subject != ServerlessSubject.Sessions && !mayAll)
        {
            return AnswerError(
                ErrorCode.SpecificAccessDenied, $"Access denied: this statement is for the users of the gateway's setting admin:users, and '{_identity.User}' is not among them");
        }
        if (statement.Subject == ServerlessSubject.Command)
        {
            _serverless = statement;
            return Decision.Command;
        }
        var answer = statement.Subject switch
        {
            ServerlessSubject.Sessions => ServerlessAnswers.Sessions(Database.ReadSessions(MostSessionsShown, session => mayAll || session._identity.Account == _identity.Account)),
            ServerlessSubject.Decisions => ServerlessAnswers.Decisions(Database.Control?.ReadDecisions(statement.Limit) ?? []),
            _ => ServerlessAnswers.Status(Database),
        };
        UseUp();
        Append(answer);
        return Decision.Answered;
    }

    /// <summary>Tells what decides over the database, and answers with what it has to say of that. What was wished comes about afterwards.</summary>
    private async ValueTask<bool> CommandDatabaseAsync()
    {
        var (command, size) = (_serverless!.Command, _serverless.Size);
        _serverless = null;
        CommandReading taken;
        try
        {
            taken = Database.Control is { } control
                ? await control.CommandAsync(command, size, $"{AccountName} by SQL")
                : new CommandReading($"database `{Database.Name}` has not been started yet", []);
        }
        catch (InvalidOperationException ending)
        {
            taken = new CommandReading(ending.Message, []);
        }
        if (taken.Wrong is { } wrong)
        {
            AnswerError(ErrorCode.WrongArguments, wrong);
        }
        else
        {
            UseUp();
            Append(ServerlessAnswers.Taken(Database, taken));
        }
        await _client.FlushAsync();
        return true;
    }
}
