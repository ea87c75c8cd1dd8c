using NUnit.Framework;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Gateway.Sharing;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>
/// Many clients that share few connections, beside as many that have one each: both do the same, chosen at random, and every answer is equal. What one
/// leaves on a connection would be seen by the next.
/// </summary>
[TestFixture(ServerFamily.MariaDb, false)]
[TestFixture(ServerFamily.MariaDb, true)]
[TestFixture(ServerFamily.MySql, false)]
[TestFixture(ServerFamily.MySql, true)]
[CancelAfter(180_000)]
public sealed class SharingOracleTests(ServerFamily family, bool storedCode)
{
    private const int Clients = 7;
    private const int Steps = 260;

    private GatewayUnderTest _gateway = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _gateway = await GatewayUnderTest.StartAsync(family, new GatewayOptions
        {
            MostBackends = 3,
            Sharing = new SharingOptions { On = true, After = TimeSpan.FromMilliseconds(20) },
        });
        await using var root = await _gateway.ConnectDirectlyAsync();
        foreach (var side in new[] { "ga", "di" })
        {
            foreach (var part in new[] { "a", "b" })
            {
                await root.QueryAllAsync($"CREATE DATABASE {side}_{part}", default);
                for (var i = 0; i < Clients; i++)
                    await root.QueryAllAsync($"CREATE TABLE {side}_{part}.t{i} (id INT AUTO_INCREMENT PRIMARY KEY, v TINYINT) ENGINE=InnoDB", default);
            }
        }
        if (!storedCode) _gateway.KnowsNoStoredCode();
        _gateway.Open();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
    }

    [Test]
    public async Task WhateverSessionsDo_EachSeesOnlyItsOwnState([Values(1, 2, 3)] int seed, CancellationToken cancellation)
    {
        var random = new Random(seed);
        var pairs = new List<Pair>();
        for (var i = 0; i < Clients; i++)
        {
            pairs.Add(new Pair(
                i, await _gateway.ConnectAsync("ga_a"),
                await EngineClient.ConnectAsync(
                    _gateway.Gateway.Loops.Next(), new EngineLogin(_gateway.Backend, "app", LoginSecret.FromPassword("secret")) { Database = "di_a" }, cancellation)));
        }
        for (var step = 0; step < Steps; step++)
        {
            var pair = pairs[random.Next(Clients)];
            foreach (var (through, direct) in Choose(random, pair))
            {
                // Several at a time, so that they compete for the connections; the one that counts runs among them.
                var crowd = pairs.Where(other => other != pair && random.Next(3) == 0).Take(3).ToArray();
                var noise = crowd.Select(other => other.BothAsync("SELECT 17 + COUNT(*) * 0 FROM t" + other.Number, "SELECT 17 + COUNT(*) * 0 FROM t" + other.Number, cancellation)).ToArray();
                var (got, expected) = await InTimeAsync(pair.BothAsync(through, direct, cancellation), $"seed {seed}, step {step}, client {pair.Number}: {through}");
                await InTimeAsync(Task.WhenAll(noise), $"seed {seed}, step {step}: other clients");
                Assert.That(got, Is.EqualTo(expected), $"seed {seed}, step {step}, client {pair.Number}: {through}\nbefore: {string.Join("\n        ", pair.Log.TakeLast(12))}");
            }
        }
        Assert.That(_gateway.Activity.Sharing!.Backends, Is.LessThanOrEqualTo(3));
        foreach (var pair in pairs) await pair.DisposeAsync();
    }

    private async Task<T> InTimeAsync<T>(Task<T> answer, string what)
    {
        try
        {
            return await answer.WaitAsync(TimeSpan.FromSeconds(20));
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"No answer to {what}; sessions:\n{string.Join('\n', _gateway.Database.ReadSessions(0, 100))}\n{_gateway.Activity.Sharing}", late);
        }
    }

    /// <summary>One client of the gateway and its double that has a server connection of its own.</summary>
    private sealed class Pair(int number, EngineClient through, EngineClient direct) : IAsyncDisposable
    {
        public int Number => number;

        public List<string> Log { get; } = [];

        /// <summary>It has prepared the statement `s`. An EXECUTE of one that is not there would pin, and there are few connections.</summary>
        public bool HasPrepared { get; set; }

        public async Task<(string Got, string Expected)> BothAsync(string toGateway, string toServer, CancellationToken cancellation)
        {
            Log.Add(toGateway);
            var expected = await AnswerAsync(direct, toServer, cancellation);
            return (await AnswerAsync(through, toGateway, cancellation), expected);
        }

        private static async Task<string> AnswerAsync(EngineClient client, string sql, CancellationToken cancellation)
        {
            try
            {
                var result = await client.QueryAsync(sql, cancellation);
                return string.Join("; ", result.Rows.Select(row => string.Join(",", row.Select(value => value ?? "NULL")))) + $" ({result.Columns.Count} columns)";
            }
            catch (EngineErrorException error)
            {
                return $"error {error.Code}";
            }
        }

        public async ValueTask DisposeAsync()
        {
            await through.DisposeAsync();
            await direct.DisposeAsync();
        }
    }

    /// <summary>Statements that belong together, for the gateway's client and for its double.</summary>
    private static IEnumerable<(string, string)> Choose(Random random, Pair pair)
    {
        var n = random.Next(1000);
        var t = $"t{pair.Number}";
        var what = random.Next(26);
        if (what == 23 && !pair.HasPrepared) what = 22;
        string[] before = pair.HasPrepared && what is (7 or 8) ? ["DEALLOCATE PREPARE s"] : [];
        pair.HasPrepared = (pair.HasPrepared || what == 22) && what is not (7 or 8);
        string[] chosen = what switch
        {
            0 => [$"SET @v = {n}"],
            1 => [$"SET @w := 'text {n}', @x = {n}.25"],
            2 or 3 => ["SELECT @v, @w, @x, @unset"],
            4 => [$"SET time_zone = '+0{n % 9}:00', group_concat_max_len = {1000 + n}"],
            5 or 6 => ["SELECT @@time_zone, @@group_concat_max_len, @@sql_mode, @@autocommit, @@character_set_client, @@collation_connection, @@character_set_results, @@sql_select_limit"],
            // A statement of SQL that was prepared under other settings pins, and there are few connections.
            7 => [n % 2 == 0 ? "SET sql_mode = 'ANSI_QUOTES'" : "SET sql_mode = 'STRICT_TRANS_TABLES'"],
            8 => [n % 2 == 0 ? "SET NAMES latin1" : "SET NAMES utf8mb4"],
            9 => [$"USE §_{(n % 2 == 0 ? "a" : "b")}", "SELECT RIGHT(DATABASE(), 1)"],
            10 => [$"INSERT INTO {t} (v) VALUES ({n % 100}), (2)", "SELECT LAST_INSERT_ID()"],
            11 => [$"INSERT INTO {t} (v) VALUES (1)", "SELECT ROW_COUNT()"],
            12 => [$"UPDATE {t} SET v = {n % 100} WHERE id % 3 = {n % 3}", "SELECT ROW_COUNT()"],
            13 => ["SELECT LAST_INSERT_ID()"],
            14 => [$"SELECT v FROM {t} ORDER BY id LIMIT {n % 5}", "SELECT FOUND_ROWS()"],
            15 => [$"SELECT v FROM {t} ORDER BY id LIMIT {n % 3}, 4", "SELECT FOUND_ROWS()"],
            16 => [$"SELECT SQL_CALC_FOUND_ROWS v FROM {t} ORDER BY id LIMIT 1", "SELECT FOUND_ROWS()"],
            17 => [$"SELECT CAST('{n}x' AS SIGNED) + COUNT(*) * 0 FROM {t}", "SHOW WARNINGS"],
            18 => [$"SELECT nothing FROM {t}", "SHOW WARNINGS"],
            19 => [$"INSERT INTO {t} (v) VALUES (1000 + {n})", "SHOW COUNT(*) WARNINGS"],
            20 => ["BEGIN", $"INSERT INTO {t} (v) VALUES (3)", $"SELECT COUNT(*) FROM {t}", n % 2 == 0 ? "COMMIT" : "ROLLBACK", $"SELECT COUNT(*), MAX(v) FROM {t}"],
            21 => ["SET autocommit = 0", $"SELECT COUNT(*) FROM {t}", "COMMIT", "SET autocommit = 1"],
            22 => [$"PREPARE s FROM 'SELECT {n} + ?'", "SET @p = 5", "EXECUTE s USING @p"],
            23 => ["SET @p = 6", "EXECUTE s USING @p"],
            24 => ["CREATE TEMPORARY TABLE tmp (a INT)", $"INSERT INTO tmp VALUES ({n})", "SELECT a FROM tmp", "DROP TEMPORARY TABLE tmp", "SELECT a FROM tmp"],
            _ => [$"SELECT SQL_CALC_FOUND_ROWS v FROM {t} LIMIT 1", "SELECT LAST_INSERT_ID(7)", "SELECT LAST_INSERT_ID()"],
        };
        return before.Concat(chosen).Select(sql => (sql.Replace("§", "ga", StringComparison.Ordinal), sql.Replace("§", "di", StringComparison.Ordinal)));
    }
}
