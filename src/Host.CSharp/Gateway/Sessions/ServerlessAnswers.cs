using System.Globalization;
using System.Text;
using Serverless.Host.Gateway.State;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>The result sets of statements to the gateway itself, made without a compute.</summary>
internal static class ServerlessAnswers
{
    private const ushort Utf8Mb4 = 45;
    private const uint LongestText = 4096;

    public static LocalAnswer Sessions(IEnumerable<SessionReading> sessions) => new()
    {
        Columns = [Number("id"), Text("user"), Text("client"), Text("schema"), Text("state"), Text("idle_seconds"), Text("pinned_because"), Number("backend_id")],
        Rows =
        [
            .. sessions.Select(one => new[]
            {
                Bytes(one.ConnectionId), Bytes(one.User), Bytes(one.Client), Bytes(one.Schema), Bytes(one.State), Bytes(one.Idle.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)),
                Bytes(one.Pinned), Bytes(one.BackendId),
            }),
        ],
    };

    public static LocalAnswer Decisions(IEnumerable<DecisionReading> decisions) => new()
    {
        Columns = [Text("at"), Text("phase"), Text("effect"), Text("explanation")],
        Rows = [.. decisions.Select(one => new[] { Bytes(Instant(one.At)), Bytes(one.Phase), Bytes(one.Effect), Bytes(one.Text) })],
    };

    public static LocalAnswer Taken(GatewayDatabase database, CommandReading taken)
    {
        var now = database.Control?.Read();
        return new LocalAnswer
        {
            Columns = [Text("database"), Text("phase"), Text("size"), Text("warnings")],
            Rows = [[Bytes(database.Name), Bytes(now?.Phase), Bytes(now?.Size), taken.Warnings.Count == 0 ? null : Bytes(string.Join("; ", taken.Warnings))]],
        };
    }

    public static LocalAnswer Status(GatewayDatabase database)
    {
        var activity = database.Read();
        var gate = database.Gate;
        var control = database.Control?.Read();
        (string Name, string? Value)[] facts =
        [
            ("database", database.Name),
            ("phase", control?.Phase),
            ("since", control is null ? null : Instant(control.Since)),
            ("size", control?.Size),
            ("paused", control is null ? null : control.Paused ? "yes" : "no"),
            ("reason", control?.Reason),
            ("policy", control?.Policy),
            ("gate", gate.Phase == GatePhase.Closed ? $"closed: {gate.Closed}" : gate.Phase.ToString().ToLowerInvariant()),
            ("connections_open", Text(activity.Open)),
            ("connections_parked", Text(activity.Parked)),
            ("connections_pinned", Text(activity.PinnedCount ?? activity.Pinned.Count)),
            ("transactions_open", Text(activity.Transactions)),
            ("statements_running", Text(activity.Running)),
            ("statements_held", Text(activity.Held)),
            ("statements_total", Text(activity.StatementsTotal)),
            ("backend_connections", Text(activity.Sharing?.Backends ?? 0)),
            ("backend_connections_idle", Text(activity.Sharing?.Idle ?? 0)),
        ];
        return new LocalAnswer
        {
            Columns = [Text("name"), Text("value")],
            Rows = [.. facts.Select(fact => new[] { Bytes(fact.Name), Bytes(fact.Value) })],
        };
    }

    private static LocalColumn Text(string name) => new(Encoding.ASCII.GetBytes(name), MysqlTypes.VarString, Flags: 0, Utf8Mb4, LongestText, Decimals: 0);

    private static LocalColumn Number(string name) => LocalColumns.Count(Encoding.ASCII.GetBytes(name), unsigned: true) with { Flags = MysqlTypes.BinaryFlag | MysqlTypes.UnsignedFlag };

    /// <summary>UTC, ISO 8601.</summary>
    private static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);

    private static byte[]? Bytes(uint? number) => number is { } value ? Bytes(Text(value)) : null;
}
