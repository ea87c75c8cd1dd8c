namespace Serverless.Host.Compute.Engine;

/// <summary>
/// The snapshot of an InnoDB engine before it stops: the pages of its buffer pool are noted, so that the next start comes up warm, and dirty pages are
/// written, so that the shutdown's checkpoint is quick and never cut off by the bound on it.
/// </summary>
internal static class StopPreparation
{
    /// <summary>So little is written by the shutdown itself at once.</summary>
    private const long FewDirtyBytes = 32L << 20;

    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(5);

    /// <summary>Never fails for being incomplete: what could not be done in time is in the answer.</summary>
    /// <returns>Null, or what was left undone, in words.</returns>
    /// <exception cref="EngineSqlException">The engine does not answer.</exception>
    public static async Task<string?> RunAsync(IEngineSql sql, TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        var status = await EngineStatus.ReadAsync(sql, cancellation);
        var dumped = await DumpAsync(sql, status, () => time.GetElapsedTime(began) < limit, time, cancellation);
        var flushed = status.DirtyBytes is not > FewDirtyBytes || await FlushAsync(sql, () => time.GetElapsedTime(began) < limit, time, cancellation);
        return (dumped, flushed) switch
        {
            (true, true) => null,
            (false, true) => $"the list of the buffer pool's pages was not written within {limit.TotalSeconds:0} s; the next start may be cold",
            (true, false) => $"dirty pages were still being written after {limit.TotalSeconds:0} s; the shutdown goes on with it",
            _ => $"neither the list of the buffer pool's pages nor its dirty pages were written within {limit.TotalSeconds:0} s",
        };
    }

    private static async Task<bool> DumpAsync(IEngineSql sql, EngineStatus status, Func<bool> inTime, TimeProvider time, CancellationToken cancellation)
    {
        var loading = status.Text("Innodb_buffer_pool_load_status") ?? "";
        if (status.Text("Innodb_buffer_pool_load_incomplete") == "ON" || loading.StartsWith("Loaded ", StringComparison.Ordinal))
        {
            // The pool is still being warmed by the last list, which says more than a new one would.
            await sql.QueryAsync("SET GLOBAL innodb_buffer_pool_dump_at_shutdown = OFF", cancellation);
            await sql.QueryAsync("SET GLOBAL innodb_buffer_pool_load_abort = ON", cancellation);
            return true;
        }
        var before = status.Text("Innodb_buffer_pool_dump_status") ?? "";
        var asked = time.GetTimestamp();
        await sql.QueryAsync("SET GLOBAL innodb_buffer_pool_dump_now = ON", cancellation);
        while (inTime())
        {
            var now = (await sql.QueryAsync("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_dump_status'", cancellation)).ToDictionary().GetValueOrDefault("Innodb_buffer_pool_dump_status", "");
            // It carries its time to the second: a second dump within one looks like the first.
            if (now.Contains("completed", StringComparison.Ordinal) && (now != before || time.GetElapsedTime(asked) > TimeSpan.FromSeconds(1)))
            {
                await sql.QueryAsync("SET GLOBAL innodb_buffer_pool_dump_at_shutdown = OFF", cancellation);
                return true;
            }
            await Task.Delay(s_poll, time, cancellation);
        }
        return false;
    }

    private static async Task<bool> FlushAsync(IEngineSql sql, Func<bool> inTime, TimeProvider time, CancellationToken cancellation)
    {
        await sql.QueryAsync("SET GLOBAL innodb_max_dirty_pages_pct_lwm = 0", cancellation);
        await sql.QueryAsync("SET GLOBAL innodb_max_dirty_pages_pct = 0", cancellation);
        while (inTime())
        {
            if ((await EngineStatus.ReadAsync(sql, cancellation)).DirtyBytes is not > FewDirtyBytes) return true;
            await Task.Delay(s_poll, time, cancellation);
        }
        return false;
    }
}
