using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Serverless.Core;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Control;
using Serverless.Host.Control.Audit;
using Serverless.Host.Control.Fleet;
using Serverless.Host.Gateway;
using Serverless.Host.Gateway.Listening;

namespace Serverless.Host.Admin;

/// <summary>The routes of the admin address.</summary>
internal static class AdminApi
{
    private const int MostDecisions = DecisionHistory.Capacity;
    private const int DecisionsByDefault = 50;
    private const int SessionsByDefault = 100;
    private const int MostSessions = 1000;
    private const string By = "operator";

    public static void Map(IEndpointRouteBuilder routes, IReadOnlyDictionary<string, Database> databases, IReadOnlyDictionary<string, LateDatabase> late, IReadOnlyCollection<GatewayListener> listeners,
        Func<IEnumerable<KeyValuePair<ApiCallKind, long>>> calls, Func<bool> ready)
    {
        routes.MapGet("/healthz", () => Results.Text("alive\n"));
        routes.MapGet("/readyz", () => ready() ? Results.Text("ready\n") : Results.Text("not ready\n", statusCode: StatusCodes.Status503ServiceUnavailable));
        routes.MapGet("/metrics", () => Results.Text(MetricsText.Write(databases.Values, Waiting(databases, late), listeners, calls()), "text/plain; version=0.0.4; charset=utf-8"));
        routes.MapGet("/", () => Results.Text(StatusPage.Write(databases.Values, Waiting(databases, late)), "text/html; charset=utf-8"));
        routes.MapGet("/api/databases", () => Json(new DatabasesReply(
            [.. databases.Values.Select(StatusComposer.Status)], [.. Waiting(databases, late).Select(one => new LateReply(one.Name, one.Since, one.Reason))])));
        routes.MapGet("/api/databases/{name}", (string name) => With(databases, late, name, database => Json(StatusComposer.Status(database))));
        routes.MapGet("/api/databases/{name}/decisions", (string name, string? limit) => With(databases, late, name, database => Decisions(database, limit)));
        routes.MapGet("/api/databases/{name}/sessions", (string name, string? after, string? limit) => With(databases, late, name, database => Sessions(database, after, limit)));
        routes.MapGet("/api/databases/{name}/audit", (string name, CancellationToken aborted) => With(
            databases, late, name, database => Results.Stream(stream => AuditCopy.WriteAsync(database.AuditFiles, stream, aborted), "application/jsonl")));
        foreach (OperatorCommand command in Enum.GetValues<OperatorCommand>())
        {
            Command(routes, databases, late, command);
        }
    }

    private static void Command(IEndpointRouteBuilder routes, IReadOnlyDictionary<string, Database> databases, IReadOnlyDictionary<string, LateDatabase> late, OperatorCommand command) =>
        routes.MapPost($"/api/databases/{{name}}/{command.ToString().ToLowerInvariant()}", async (string name, HttpContext context) =>
        {
            if (!databases.TryGetValue(name, out Database? database))
            {
                return Unknown(databases, late, name);
            }

            (CommandRequest? request, string? wrong) = await ReadAsync(context);
            if (request is null)
            {
                return Error(StatusCodes.Status400BadRequest, wrong!);
            }

            (OperatorWish? wish, wrong) = OperatorWish.Read(command, request.Size);
            if (wish is null)
            {
                return Error(StatusCodes.Status400BadRequest, wrong!);
            }

            if (database.Controller.WhyNot(command) is { } elsewhere)
            {
                return database.Passed is { } passed
                    ? await PassAsync(database, passed, command, request.Size, context.RequestAborted)
                    : Error(StatusCodes.Status409Conflict, elsewhere);
            }

            Decision decision = await database.Controller.TellAsync(at => wish.ToInput(at, By));
            return Json(StatusComposer.Status(database) with { Warnings = [.. decision.Warnings] });
        });

    /// <summary>Another gateway leads: it is answered when what follows of the command has come about there, and was heard of here.</summary>
    private static async Task<IResult> PassAsync(Database database, PassedCommands passed, OperatorCommand command, string? size, CancellationToken aborted)
    {
        PassedAnswer answer = await passed.AskAsync(command, size, By, untilDone: true, aborted);
        if (answer.Error is { } error)
        {
            return Error(answer.IsOpen ? StatusCodes.Status504GatewayTimeout : StatusCodes.Status409Conflict, error);
        }

        await database.FollowAsync(answer.Last!, aborted);
        return Json(StatusComposer.Status(database) with { Warnings = answer.Warnings });
    }

    private static async Task<(CommandRequest? Request, string? Wrong)> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength is 0 or null && !context.Request.Headers.ContainsKey("Transfer-Encoding"))
        {
            return (new CommandRequest(), null);
        }

        try
        {
            CommandRequest? request = await JsonSerializer.DeserializeAsync(context.Request.Body, AdminJson.Default.CommandRequest, context.RequestAborted);
            return request is null ? (null, "expected a JSON object, found null") : (request, null);
        }
        catch (JsonException e)
        {
            return (null, $"the body is not what is expected, a JSON object like {{\"size\": \"2cu\"}}: {e.Message}");
        }
    }

    private static IResult Sessions(Database database, string? after, string? limit)
    {
        uint first = 0;
        int count = SessionsByDefault;
        if (after is not null && !uint.TryParse(after, out first))
        {
            return Error(StatusCodes.Status400BadRequest, $"after: expected a connection id, found `{after}`");
        }

        if (limit is not null && (!int.TryParse(limit, out count) || count is < 1 or > MostSessions))
        {
            return Error(StatusCodes.Status400BadRequest, $"limit: expected a number from 1 to {MostSessions}, found `{limit}`");
        }

        IReadOnlyList<SessionReading> sessions = database.Gateway.ReadSessions(first, count);
        return Results.Json(
            new SessionsReply(
                [.. sessions.Select(one => new SessionReply(one.ConnectionId, one.User, one.Client, one.Schema, one.State, Math.Round(one.Idle.TotalSeconds, 1), one.Pinned, one.BackendId))],
                sessions.Count == count ? sessions[^1].ConnectionId : null),
            AdminJson.Default.SessionsReply);
    }

    private static IResult Decisions(Database database, string? limit)
    {
        int count = DecisionsByDefault;
        if (limit is not null && (!int.TryParse(limit, out count) || count is < 1 or > MostDecisions))
        {
            return Error(StatusCodes.Status400BadRequest, $"limit: expected a whole number from 1 to {MostDecisions}, found `{limit}`");
        }

        return Results.Json(
            new DecisionsReply([.. database.Controller.History.Newest(count).Select(StatusComposer.Decision)], StatusComposer.Standing(database)), AdminJson.Default.DecisionsReply);
    }

    private static IResult With(IReadOnlyDictionary<string, Database> databases, IReadOnlyDictionary<string, LateDatabase> late, string name, Func<Database, IResult> reply) =>
        databases.TryGetValue(name, out Database? database) ? reply(database) : Unknown(databases, late, name);

    /// <summary>Those that are known by now are late no more.</summary>
    private static IEnumerable<LateDatabase> Waiting(IReadOnlyDictionary<string, Database> databases, IReadOnlyDictionary<string, LateDatabase> late) =>
        late.Values.Where(one => !databases.ContainsKey(one.Name)).OrderBy(one => one.Name, StringComparer.Ordinal);

    private static IResult Unknown(IReadOnlyDictionary<string, Database> databases, IReadOnlyDictionary<string, LateDatabase> late, string name) => late.TryGetValue(name, out LateDatabase? waiting)
        ? Error(StatusCodes.Status503ServiceUnavailable, $"database `{waiting.Name}` could not be opened yet, and is tried again: {waiting.Reason}")
        : Error(StatusCodes.Status404NotFound, $"there is no database `{name}`; there {(databases.Count == 1 ? "is" : "are")} {string.Join(", ", databases.Keys)}");

    private static IResult Json(StatusReply reply) => Results.Json(reply, AdminJson.Default.StatusReply);

    private static IResult Json(DatabasesReply reply) => Results.Json(reply, AdminJson.Default.DatabasesReply);

    private static IResult Error(int status, string error) => Results.Json(new ErrorReply(error), AdminJson.Default.ErrorReply, statusCode: status);
}
