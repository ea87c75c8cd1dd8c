using System.Text;
using NUnit.Framework;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.State;

/// <summary>A session as the relay keeps it, without the relay: statements go to its backend connection, and its state hears of them.</summary>
internal sealed class TestSession(StateServer server, SessionState state, string user) : IAsyncDisposable
{
    private EngineClient? _client;

    public SessionState State => state;

    public EngineClient Client => _client ?? throw new InvalidOperationException("Not attached.");

    public TestBackend Backend => new(Client);

    public async Task AttachAsync()
    {
        _client = await server.ConnectAsync(state.Collation, user);
        var restored = await OnLoopAsync(() => SessionRestore.RestoreAsync(state, server.Catalogue, Backend, default));
        Assert.That(restored.Failed, Is.Null);
    }

    public Task<CaptureResult> CaptureAsync() => OnLoopAsync(() => SessionCapture.CaptureAsync(state, server.Catalogue, Backend, default));

    public async Task ProbeAsync() => await OnLoopAsync(async () =>
    {
        await SessionProbe.ProbeAsync(state, server.Catalogue, Backend, default);
        return true;
    });

    /// <summary>Lets go of its backend connection unless something keeps it there. False: it is kept.</summary>
    public async Task<bool> TryLeaveAsync()
    {
        if (SessionProbe.IsWanted(state)) await ProbeAsync();
        if (state.PinCauses != PinCauses.None || (await CaptureAsync()).Pinned is not null) return false;
        await Client.DisposeAsync();
        _client = null;
        return true;
    }

    public bool IsAttached => _client is not null;

    /// <summary>Leaves its backend connection and gets another.</summary>
    public async Task MoveAsync()
    {
        Assert.That((await CaptureAsync()).Pinned, Is.Null);
        await Client.DisposeAsync();
        await AttachAsync();
    }

    /// <summary>Runs statements of the client; the last one's result.</summary>
    public async Task<BackendResult> RunAsync(params string[] statements)
    {
        BackendResult result = new();
        foreach (var sql in statements)
        {
            result = await RunOneAsync(sql);
            if (result.Failed) Assert.Fail($"{sql}: {result.ErrorMessage}");
        }
        return result;
    }

    /// <summary>Runs a statement that may fail.</summary>
    public async Task<BackendResult> RunOneAsync(string sql)
    {
        var bytes = Encoding.UTF8.GetBytes(sql);
        var info = state.Resolve(StatementClassifier.Classify(bytes, state.Dialect), bytes);
        if (SqlPrepareRules.Missing(state, info, bytes) is { } missing && await PrepareMissingAsync(missing, info) is { Failed: true } error)
        {
            state.OnStatementEnded(default, new StatementOutcome { ErrorCode = error.ErrorCode });
            return error;
        }
        state.OnStatementStarting(info, bytes);
        var backend = Backend;
        var result = (await OnLoopAsync(() => backend.QueryAsync([bytes], 16 << 20, default)))[0];
        state.OnStatementEnded(info, new StatementOutcome
        {
            Succeeded = !result.Failed, ErrorCode = result.ErrorCode, ServerStatus = result.ServerStatus, ResultSet = result.Columns.Count > 0,
            AffectedRows = backend.AffectedRows, Warnings = result.Warnings, SessionTrack = backend.SessionTrack,
        });
        return result;
    }

    private Task<BackendResult> PrepareMissingAsync(SqlPrepared missing, StatementInfo info) => OnLoopAsync(async () =>
    {
        if (!info.Has(StatementTraits.SqlDeallocate)) return await SqlPrepareRestore.PrepareMissingAsync(missing, state, server.Catalogue, Backend, default);
        await SqlPrepareRestore.PrepareToDeallocateAsync(missing, state, Backend, default);
        return new BackendResult();
    });

    /// <summary>What the relay does after a statement that set variables without a report of them.</summary>
    public async Task ReadUnreportedAsync() => await OnLoopAsync(async () =>
    {
        if (UnreportedVariables.AreToBeRead(state)) await UnreportedVariables.ReadAsync(state, server.Catalogue, Backend, default);
        return true;
    });

    /// <summary>Runs a statement that names tracker variables, as the relay has to.</summary>
    public async Task<BackendResult> RunNamingTrackersAsync(string sql)
    {
        Assert.That(ClientTrackers.AreNamedBy(StatementClassifier.Classify(Encoding.UTF8.GetBytes(sql), state.Dialect)), Is.True);
        await OnLoopAsync(async () =>
        {
            await ClientTrackers.LendAsync(state, server.Catalogue, Backend, default);
            return true;
        });
        var result = await RunAsync(sql);
        await OnLoopAsync(async () =>
        {
            await ClientTrackers.TakeBackAsync(state, server.Catalogue, Backend, default);
            return true;
        });
        return result;
    }

    /// <summary>The changes that a client with session tracking is told of a statement, `name=value` each.</summary>
    public async Task<List<string>> ReportedAsync(string sql)
    {
        var backend = Backend;
        await OnLoopAsync(() => backend.QueryAsync([Encoding.UTF8.GetBytes(sql)], 1 << 20, default));
        using var writer = new PacketWriter();
        ClientTrackers.WriteFor(state, server.Catalogue, backend.SessionTrack, writer);
        var changes = new List<string>();
        var reader = new SessionTrackReader(writer.Written);
        while (reader.Next()) changes.Add(Encoding.UTF8.GetString(reader.Name) + "=" + Encoding.UTF8.GetString(reader.Value));
        return changes;
    }

    /// <summary>What the server itself says, without the state hearing of it: all values, in text.</summary>
    public async Task<string> AskAsync(string sql)
    {
        var result = (await OnLoopAsync(() => Backend.QueryAsync([Encoding.UTF8.GetBytes(sql)], 16 << 20, default)))[0];
        if (result.Failed) return $"{result.ErrorCode}: {result.ErrorMessage}";
        return string.Join('\n', result.Rows.Select(r => string.Join('|', r.Select(v => v is null ? "NULL" : Encoding.UTF8.GetString(v)))));
    }

    /// <summary>Values with the types, collations and flags of their columns.</summary>
    public async Task<string> AskTypedAsync(string expressions)
    {
        var statements = new ReadOnlyMemory<byte>[] { "SET @@character_set_results=NULL"u8.ToArray(), Encoding.UTF8.GetBytes("SELECT " + expressions + " LIMIT 1") };
        var result = (await OnLoopAsync(() => Backend.QueryAsync(statements, 16 << 20, default)))[1];
        if (result.Failed) return result.ErrorMessage;
        return string.Join('\n', result.Columns.Select((c, i) =>
            $"{c.Name} type {c.Type} collation {c.Collation} flags {c.Flags} = {(result.Rows[0][i] is { } v ? Convert.ToHexString(v) : "NULL")}"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_client is not null) await _client.DisposeAsync();
    }

    private Task<T> OnLoopAsync<T>(Func<ValueTask<T>> function) => Client.Channel.Loop.RunAsync(async () => await function());
}
