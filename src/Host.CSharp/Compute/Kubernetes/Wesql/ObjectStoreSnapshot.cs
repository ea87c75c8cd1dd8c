using System.Globalization;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Kubernetes.Wesql;

/// <summary>
/// A snapshot in the object store before a data node stops, so that the next one has little log to apply. The node is asked for it, makes it in its background, and lists it when it is whole.
/// The node takes the word only while it waits for its next turn, and makes none where its log has not grown since the last one: so it is asked again now and then, and one that does nothing while
/// its whole log is in the object store has nothing to do. One that was too late goes on there, and the next suspend finds it made.
/// Source: `sql/consistent_archive.cc` of wesql/wesql.
/// </summary>
internal sealed class ObjectStoreSnapshot(IEngineSql sql, TimeProvider time)
{
    private const string Switches = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('serverless', 'snapshot_archive')";
    private const string Force = "SELECT SNAPSHOT_ARCHIVE_PERSISTENT_FORCE()";
    private const string Last = "SELECT MAX(CREATED_TS) FROM INFORMATION_SCHEMA.SNAPSHOT_PERSISTENT_SNAPSHOT_INDEX";
    private const string TaskInfo = "SELECT * FROM INFORMATION_SCHEMA.SNAPSHOT_PERSISTENT_TASK_INFO";
    private const string LogIsKept =
        "SELECT COUNT(*) FROM INFORMATION_SCHEMA.BINLOG_PERSISTENT_TASK_INFO, INFORMATION_SCHEMA.WESQL_CLUSTER_LOCAL WHERE LAST_PERSISTED_RAFT_INDEX = COMMIT_INDEX";

    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(100);

    /// <summary>The word is lost on a node that is busy with the one before.</summary>
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(1);

    /// <summary>A node that has something to do has begun by then, as its task says.</summary>
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(3);

    /// <returns>Null: it is there. Otherwise why not, in words.</returns>
    public async Task<string?> TakeAsync(TimeSpan limit, CancellationToken cancellation)
    {
        try
        {
            return await WaitAsync(limit, cancellation);
        }
        catch (EngineSqlException failure)
        {
            return $"the data node could not be asked for a snapshot: {failure.Message}";
        }
    }

    private async Task<string?> WaitAsync(TimeSpan limit, CancellationToken cancellation)
    {
        WesqlRole role = await WesqlRole.ReadAsync(sql, cancellation);
        if (!role.Leads)
        {
            // it would take the word, and do nothing
            return $"the data node makes no snapshot: {role.Words}";
        }

        // one that is switched off takes the word too
        if ((await sql.QueryAsync(Switches, cancellation)).ToDictionary().FirstOrDefault(one => one is { Key: "serverless" or "snapshot_archive", Value: "OFF" or "0" }).Key is { } off)
        {
            return $"the data node makes no snapshots: `{off}` is off. Set it on there, or `kubernetes:snapshot` to off";
        }

        long began = time.GetTimestamp();
        // in this order: one that ends between the two is listed already, and is not taken for the one that is asked for
        TaskState before = await ReadTaskAsync(cancellation);
        string known = await ReadLastAsync(cancellation);

        // one that was begun before may have none of what was written last
        bool isOlder = before.IsUnderWay;
        (TaskState last, long lastChange, long? asked) = (before, began, null);
        while (true)
        {
            if (!isOlder && (asked is not { } then || time.GetElapsedTime(then) >= s_again))
            {
                if (await AskAsync(cancellation) is { } refused)
                {
                    return refused;
                }

                asked = time.GetTimestamp();
            }

            await Task.Delay(s_poll, time, cancellation);
            TaskState now = await ReadTaskAsync(cancellation);
            string listed = await ReadLastAsync(cancellation);
            if (now != last)
            {
                (last, lastChange) = (now, time.GetTimestamp());
            }

            if (isOlder && !now.IsUnderWay)
            {
                (isOlder, known, before, lastChange) = (false, listed, now, time.GetTimestamp());
            }
            else if (!isOlder && (string.CompareOrdinal(listed, known) > 0 || (now.HasEnded && now != before)))
            {
                return null;
            }
            else if (!isOlder && now.HasFailed && now != before)
            {
                return "the data node's snapshot failed; its error log says why";
            }
            else if (!isOlder && now.HasEnded && now == before && time.GetElapsedTime(lastChange) >= s_idle && await IsLogKeptAsync(cancellation))
            {
                return null;
            }

            if (time.GetElapsedTime(began) > limit)
            {
                return string.Create(CultureInfo.InvariantCulture, $"the data node's snapshot was not whole within {limit.TotalSeconds:0.#} s ({now.Progress ?? "it says nothing of it"}); it goes on with it while it runs");
            }
        }
    }

    /// <returns>Null: it heard. Otherwise why it will make none.</returns>
    private async Task<string?> AskAsync(CancellationToken cancellation)
    {
        QueryResult answer = await sql.QueryAsync(Force, cancellation);
        return answer.Scalar is "" ? null : $"the data node makes no snapshots: {answer.Scalar?.Trim() ?? "its thread for them does not run"}";
    }

    /// <returns>When the last one was made, in a form that sorts; empty: there is none.</returns>
    private async Task<string> ReadLastAsync(CancellationToken cancellation) => (await sql.QueryAsync(Last, cancellation)).Scalar ?? "";

    private async Task<TaskState> ReadTaskAsync(CancellationToken cancellation)
    {
        QueryResult found = await sql.QueryAsync(TaskInfo, cancellation);
        return found.Rows.Count == 0 ? new TaskState(null, "") : new TaskState(found.All().First()["PERSISTENT_PROGRESS"], string.Join('\u001f', found.Rows[0]));
    }

    private async Task<bool> IsLogKeptAsync(CancellationToken cancellation) => (await sql.QueryAsync(LogIsKept, cancellation)).Scalar is not (null or "0");

    /// <summary>What the node says of the snapshot that it made last, or makes.</summary>
    /// <param name="Whole">All that it says: another one begins at another time.</param>
    private sealed record TaskState(string? Progress, string Whole)
    {
        public bool HasFailed => Progress is "FAIL";

        public bool HasEnded => Progress is "END";

        /// <remarks>NONE: none was made since the node started.</remarks>
        public bool IsUnderWay => Progress is not (null or "NONE" or "FAIL" or "END");
    }
}
