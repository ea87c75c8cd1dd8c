using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>Statements to the gateway itself. They need no compute, wake none, and keep none awake.</summary>
internal sealed partial class Session
{
    /// <summary>Rows of SHOW SERVERLESS SESSIONS; the admin API gives all, in pages.</summary>
    private const int MostSessionsShown = 1000;

    private Decision AnswerServerless(ServerlessStatement statement)
    {
        if (statement == ServerlessStatement.Unknown)
            return AnswerError(ErrorCode.ParseError, "SHOW SERVERLESS is followed by SESSIONS or STATUS, and nothing else");
        var mayAll = Database.Options.AdminUsers.Contains(_identity.User);
        if (statement == ServerlessStatement.Status && !mayAll)
            return AnswerError(ErrorCode.SpecificAccessDenied, $"Access denied: SHOW SERVERLESS STATUS is for the users of the gateway's setting admin:users, and '{_identity.User}' is not among them");
        var answer = statement == ServerlessStatement.Status
            ? ServerlessAnswers.Status(Database)
            : ServerlessAnswers.Sessions(Database.ReadSessions(MostSessionsShown, session => mayAll || session._identity.Account == _identity.Account));
        UseUp();
        Append(answer);
        return Decision.Answered;
    }
}
