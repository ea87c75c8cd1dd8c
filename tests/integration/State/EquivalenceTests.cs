using System.Text;
using System.Text.RegularExpressions;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.State;

/// <summary>
/// Random sequences of statements on two sessions of one server: one stays on its connection, the other leaves it at random points, answers without one
/// what can be answered, and comes back on another. All that the two are told is the same, and so is their state in the end.
/// </summary>
[TestFixture(ServerFamily.MariaDb)]
[TestFixture(ServerFamily.MySql)]
public sealed partial class EquivalenceTests(ServerFamily family)
{
    private const string Ours = "eq_a", Theirs = "eq_b";

    /// <summary>Of no session, or of this very connection.</summary>
    private static readonly string[] Incomparable = ["pseudo_thread_id", "timestamp", "rand_seed1", "rand_seed2", "session_track_system_variables", "statement_id", "error_count", "warning_count", "gtid_binlog_pos", "gtid_current_pos", "last_gtid"];

    private static int Sequences => int.TryParse(Environment.GetEnvironmentVariable("SERVERLESS_TEST_CASES"), out var asked) ? asked
        : Environment.GetEnvironmentVariable("SERVERLESS_TEST_LONG") is "1" ? 20_000 : 400;

    private StateServer _server = null!;
    private StatementGenerator _generator = null!;
    private readonly SortedDictionary<string, int> _kept = [];
    private int _left;
    private int _round;

    [OneTimeSetUp]
    public async Task StartServer()
    {
        _server = await StateServer.StartAsync(family);
        _generator = await StatementGenerator.CreateAsync(_server);
        await using var client = await _server.ConnectAsync();
        await client.QueryAllAsync("CREATE ROLE reader; GRANT SELECT ON *.* TO reader; GRANT reader TO root@localhost", default);
    }

    [OneTimeTearDown]
    public void StopServer() => _server?.Dispose();

    [Test]
    [CancelAfter(3_600_000)]
    public async Task SessionThatLeavesAndComesBack_IsToldWhatOneThatStaysIsTold()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("SERVERLESS_TEST_SEED"), out var asked) ? asked : Environment.TickCount;
        await PrepareAsync();
        for (var n = 0; n < Sequences; n++)
        {
            var random = new Random(unchecked(seed + n));
            var statements = _generator.Sequence(random);
            var leaves = statements.Select(_ => random.Next(3) == 0).ToArray();
            if (await DifferenceAsync(statements, leaves) is not { } difference) continue;
            (statements, leaves, difference) = await ShrinkAsync(statements, leaves, difference);
            var told = string.Join('\n', statements.Select((sql, i) => (leaves[i] ? "-- leaves\n" : "") + sql));
            Assert.Fail($"SERVERLESS_TEST_SEED={unchecked(seed + n)} SERVERLESS_TEST_CASES=1\n{told}\n{difference}");
        }
        TestContext.Out.WriteLine($"{Sequences} sequences, seed {seed}: left {_left} times; kept by {string.Join(", ", _kept.Select(pair => $"{pair.Key} {pair.Value}"))}");
        Assert.That(_left, Is.GreaterThan(Sequences / 4), "times that a session left");
    }

    private async Task PrepareAsync()
    {
        await using var client = await _server.ConnectAsync();
        foreach (var schema in new[] { Ours, Theirs })
        {
            await client.QueryAllAsync(
                $"DROP DATABASE IF EXISTS {schema}; DROP DATABASE IF EXISTS {schema}_other; CREATE DATABASE {schema}; CREATE DATABASE {schema}_other; "
                + $"CREATE TABLE {schema}.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT) ENGINE=InnoDB; "
                + $"CREATE TABLE {schema}_other.t (id INT AUTO_INCREMENT PRIMARY KEY, v INT) ENGINE=InnoDB; "
                + $"CREATE PROCEDURE {schema}.leaves_nothing() SELECT 1; CREATE PROCEDURE {schema}.sets_things() SET @a = 'from a procedure', sql_notes = 0", default);
        }
    }

    /// <summary>What is different, or null.</summary>
    private async Task<string?> DifferenceAsync(IReadOnlyList<string> statements, bool[] leaves)
    {
        try
        {
            return await CompareAsync(statements, leaves);
        }
        catch (Exception failure) when (failure is not AssertionException)
        {
            return failure.ToString();
        }
    }

    private async Task<string?> CompareAsync(IReadOnlyList<string> statements, bool[] leaves)
    {
        // A lock of the last round may be held until the server has noticed that its session is gone.
        _round++;
        await using var stays = await _server.OpenAsync();
        await using var moves = await _server.OpenAsync();
        for (var i = 0; i < statements.Count; i++)
        {
            var parts = statements[i].Split('\n');
            for (var n = 0; n < parts.Length; n++)
            {
                // Between a statement and the question about it, where there is one.
                if (leaves[i] && n == parts.Length - 1) await LeaveAsync(moves);
                var expected = await RunAsync(stays, Fit(parts[n], Ours));
                var found = (await RunAsync(moves, Fit(parts[n], Theirs))).Replace(Theirs, Ours, StringComparison.Ordinal);
                if (found != expected) return $"step {i + 1}, {parts[n]}\n  expected: {expected}\n  found:    {found}";
            }
        }
        return await EndAsync(stays, moves);
    }

    private async Task LeaveAsync(TestSession session)
    {
        if (!session.IsAttached) return;
        if (await session.TryLeaveAsync()) _left++;
        else Count((session.State.Pin?.Cause ?? PinCauses.None).ToString());
    }

    private async Task<string?> EndAsync(TestSession stays, TestSession moves)
    {
        if (!moves.IsAttached) await moves.AttachAsync();
        else if (await moves.TryLeaveAsync()) await moves.AttachAsync();
        foreach (var question in new[] { "SELECT @a, @b, @c, @d, @e, LAST_INSERT_ID(), DATABASE(), CURRENT_ROLE() LIMIT 1", "SHOW SESSION VARIABLES" })
        {
            var expected = (await stays.AskAsync(question)).Split('\n');
            var found = (await moves.AskAsync(question)).Replace(Theirs, Ours, StringComparison.Ordinal).Split('\n');
            var different = expected.Zip(found).Where(pair => pair.First != pair.Second && !Incomparable.Contains(pair.First.Split('|')[0])).ToArray();
            if (different.Length > 0 || expected.Length != found.Length)
                return $"in the end, {question}\n" + string.Join('\n', different.Select(pair => $"  expected: {pair.First}\n  found:    {pair.Second}"));
        }
        const string variables = "@a, @b, @c, @d, @e";
        var typed = await stays.AskTypedAsync(variables);
        var there = await moves.AskTypedAsync(variables);
        return Comparable(typed) == Comparable(there) ? null : $"in the end, types of {variables}\n  expected: {typed}\n  found:    {there}";
    }

    /// <summary>
    /// MySQL gives an expression that is NULL the collation that its variable had before. While it held a number, that was the connection's at that time, which nothing
    /// shows; so it is not kept, and not compared.
    /// </summary>
    private string Comparable(string typed) => family == ServerFamily.MySql ? NullString().Replace(typed, "") : typed;

    [GeneratedRegex(@"(?<=type 251 )collation \d+(?= flags 0 = NULL)", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex NullString();

    /// <summary>As the relay does it: answered here where that can be, otherwise on a connection.</summary>
    private async Task<string> RunAsync(TestSession session, string sql)
    {
        if (!session.IsAttached || session.State.AnswersLastStatement)
        {
            var bytes = Encoding.UTF8.GetBytes(sql);
            var info = StatementClassifier.Classify(bytes, session.State.Dialect);
            var context = new LocalContext(1, "root@localhost", "root@localhost", session.IsAttached);
            if (!info.Has(StatementTraits.ReadsConnectionId) && LocalAnswers.TryAnswer(bytes, info, session.State, _server.Catalogue, context, out var answer))
                return Tell(answer!.Columns.Select(c => new BackendColumn(Encoding.UTF8.GetString(c.Name), c.Type, c.Flags, c.Collation, c.Length, c.Decimals)), answer.Rows, answer.Warnings, session.State);
        }
        if (!session.IsAttached) await session.AttachAsync();
        var result = await session.RunOneAsync(sql);
        return result.Failed ? $"{result.ErrorCode}: {result.ErrorMessage}" : Tell(result.Columns, result.Rows, result.Warnings, session.State);
    }

    private static string Tell(IEnumerable<BackendColumn> columns, IReadOnlyList<byte[]?[]> rows, int warnings, SessionState state)
    {
        const ushort shown = ServerStatusFlags.OfSession;
        var definitions = string.Join(", ", columns.Select(c => $"{c.Name} {c.Type}/{c.Flags}/{c.Collation}/{c.Length}/{c.Decimals}"));
        var values = string.Join("; ", rows.Select(row => string.Join('|', row.Select(value => value is null ? "NULL" : Encoding.Latin1.GetString(value)))));
        return $"[{definitions}] {values} warnings {warnings} status {state.ServerStatus & shown}";
    }

    private string Fit(string statement, string schema) =>
        statement.Replace("{s}", schema, StringComparison.Ordinal).Replace("{o}", schema + "_other", StringComparison.Ordinal).Replace("{l}", $"lock {_round} of {schema}", StringComparison.Ordinal);

    private void Count(string reason) => _kept[reason] = _kept.GetValueOrDefault(reason) + 1;

    /// <summary>Leaves out what the difference does not need, one statement and one leave after the other.</summary>
    private async Task<(IReadOnlyList<string> Statements, bool[] Leaves, string Difference)> ShrinkAsync(IReadOnlyList<string> statements, bool[] leaves, string difference)
    {
        for (var i = statements.Count - 1; i >= 0; i--)
        {
            foreach (var whole in new[] { true, false })
            {
                if (i >= statements.Count || (!whole && !leaves[i])) continue;
                var fewer = whole ? [.. statements.Where((_, at) => at != i)] : statements;
                var less = whole ? leaves.Where((_, at) => at != i).ToArray() : [.. leaves.Select((value, at) => value && at != i)];
                await PrepareAsync();
                if (await DifferenceAsync(fewer, less) is not { } still) continue;
                (statements, leaves, difference) = (fewer, less, still);
            }
        }
        return (statements, leaves, difference);
    }
}
