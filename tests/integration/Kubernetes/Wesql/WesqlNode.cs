using Serverless.Host.Compute.Engine;

namespace Serverless.Tests.Integration.Kubernetes.Wesql;

/// <summary>
/// What a WeSQL cluster says of itself, behind a <see cref="WesqlRelay"/>: who leads, and a thread that makes snapshots as WeSQL's does. It is woken only while it waits, makes none where the log has not grown,
/// and tells what it is at in its task's row. Columns and words are those of wesql/wesql.
/// </summary>
internal sealed class WesqlNode(Func<EngineSql> connect)
{
    private int _snapshots;
    private volatile int _isBusy;

    /// <summary>The log has grown since the last snapshot was begun.</summary>
    public bool HasGrown { get; set; } = true;

    /// <summary>How long a snapshot takes.</summary>
    public TimeSpan Takes { get; set; } = TimeSpan.FromMilliseconds(100);

    public bool Fails { get; set; }

    public int Snapshots => _snapshots;

    /// <summary>Snapshots that were begun, and whose task says so.</summary>
    public int Begun { get; private set; }

    public Task MakeAsync() => RunAsync([
        "CREATE DATABASE wesql",
        "CREATE TABLE wesql.variables (name VARCHAR(64), value VARCHAR(64))",
        "INSERT INTO wesql.variables VALUES ('serverless', 'ON'), ('objectstore_provider', 'aws'), ('objectstore_bucket', 'shop')",
        .. Enumerable.Range(0, 2).SelectMany(node => new[]
        {
            $"CREATE TABLE wesql.node_{node} (SERVER_ID INT, CURRENT_TERM BIGINT, CURRENT_LEADER VARCHAR(250), COMMIT_INDEX BIGINT, LAST_LOG_TERM BIGINT, LAST_LOG_INDEX BIGINT, ROLE VARCHAR(10), VOTED_FOR INT, LAST_APPLY_INDEX BIGINT, SERVER_READY_FOR_RW VARCHAR(3), INSTANCE_TYPE VARCHAR(10))",
            $"INSERT INTO wesql.node_{node} VALUES ({node + 1}, 3, 'db-0:13306', 40, 3, 40, '{(node == 0 ? "Leader" : "Follower")}', 1, 40, '{(node == 0 ? "Yes" : "No")}', 'Normal')",
        }),
        "CREATE TABLE wesql.snapshot_persistent_snapshot_index (CREATED_TS VARCHAR(32))",
        "INSERT INTO wesql.snapshot_persistent_snapshot_index VALUES ('2026-03-01 08:00:00')",
        "CREATE TABLE wesql.snapshot_persistent_task_info (PERSISTENT_PROGRESS VARCHAR(64), STARTED INT)",
        "INSERT INTO wesql.snapshot_persistent_task_info VALUES ('END', 0)",
        "CREATE TABLE wesql.binlog_persistent_task_info (LAST_PERSISTED_RAFT_INDEX BIGINT)",
        "INSERT INTO wesql.binlog_persistent_task_info VALUES (40)",
        "CREATE FUNCTION wesql.force_snapshot() RETURNS VARCHAR(100) RETURN IF((SELECT value FROM wesql.variables WHERE name = 'serverless') = 'ON', '', NULL)",
    ]);

    public Task LeadAsync(int node, string role = "Leader", string ready = "Yes") => RunAsync(
        $"UPDATE wesql.node_{1 - node} SET ROLE = 'Follower', SERVER_READY_FOR_RW = 'No'", $"UPDATE wesql.node_{node} SET ROLE = '{role}', SERVER_READY_FOR_RW = '{ready}'");

    public Task NobodyLeadsAsync() => RunAsync("UPDATE wesql.node_0 SET ROLE = 'Candidate', SERVER_READY_FOR_RW = 'No', CURRENT_LEADER = ''", "UPDATE wesql.node_1 SET ROLE = 'Follower', SERVER_READY_FOR_RW = 'No'");

    public Task SetAsync(string variable, string value) => RunAsync($"UPDATE wesql.variables SET value = '{value}' WHERE name = '{variable}'");

    /// <summary>Somebody asked for a snapshot: the thread is woken, if it waits.</summary>
    public void Force() => _ = Task.Run(ArchiveAsync);

    public async Task RunAsync(params string[] statements)
    {
        await using EngineSql sql = connect();
        foreach (string statement in statements) await sql.QueryAsync(statement, default);
    }

    private async Task ArchiveAsync()
    {
        if (!HasGrown || Interlocked.Exchange(ref _isBusy, 1) == 1) return;
        try
        {
            HasGrown = false;
            await RunAsync("UPDATE wesql.snapshot_persistent_task_info SET PERSISTENT_PROGRESS = 'SMARTENGINE_SNAPSHOT', STARTED = STARTED + 1");
            Begun++;
            await Task.Delay(Takes);
            if (Fails)
            {
                (HasGrown, _isBusy) = (true, 0);
                await RunAsync("UPDATE wesql.snapshot_persistent_task_info SET PERSISTENT_PROGRESS = 'FAIL'");
                return;
            }

            int count = Interlocked.Increment(ref _snapshots);
            // it waits again when its row says so, and can be woken at once
            _isBusy = 0;
            await RunAsync(
                $"INSERT INTO wesql.snapshot_persistent_snapshot_index VALUES ('2026-03-01 09:00:{count:00}')", "UPDATE wesql.snapshot_persistent_task_info SET PERSISTENT_PROGRESS = 'END'");
        }
        catch (EngineSqlException)
        {
            // the engine ended first
        }
        finally
        {
            Interlocked.Exchange(ref _isBusy, 0);
        }
    }
}
