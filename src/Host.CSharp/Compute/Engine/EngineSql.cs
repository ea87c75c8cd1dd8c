using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Compute.Engine;

/// <summary>
/// One connection for the gateway's own statements: made when it is needed, made anew after it was lost, and every statement bounded in time, since an
/// engine that hangs must not hang its keeper. Safe from any thread; statements take turns.
/// </summary>
/// <param name="limit">How long a statement may take, unless it is told otherwise, its wait for its turn included.</param>
/// <param name="opening">What is said first on each connection; null: nothing.</param>
/// <param name="capabilities">What is asked of the engine.</param>
internal sealed class EngineSql(
    EventLoop loop, BackendAddress address, string user, string password, TimeSpan limit, Func<ServerFamily, IReadOnlyList<string>>? opening = null,
    Capabilities capabilities = EngineLogin.DefaultCapabilities) : IEngineSql, IAsyncDisposable
{
    private readonly EngineLogin _login = new(address, user, LoginSecret.FromPassword(password)) { Capabilities = capabilities };
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly CancellationTokenSource _closed = new();
    private EngineClient? _client;

    /// <summary>The engine's number of the last connection that was made; null: there was none.</summary>
    public uint? ConnectionId => _client?.ConnectionId;

    /// <summary>Logs in unless that is done already, and asks for an answer. Null: it answers.</summary>
    /// <param name="within">How long that may take; null: as long as a statement.</param>
    public async Task<EngineSqlException?> TryConnectAsync(CancellationToken cancellation, TimeSpan? within = null)
    {
        try
        {
            await UseAsync(
                static async (client, bounded) =>
                {
                    await client.PingAsync(bounded);
                    return true;
                },
                within ?? limit, cancellation);
            return null;
        }
        catch (EngineSqlException failure)
        {
            return failure;
        }
    }

    /// <summary>
    /// Null: the engine answers, be it with an error. It is asked again on a new connection, since a statement of the gateway's own that takes long, behind a
    /// lock of somebody else's, says nothing of the engine; nor does a question that was not answered because this process stood still.
    /// </summary>
    public async Task<EngineSqlException?> WhySilentAsync(CancellationToken cancellation)
    {
        if (IsAnswer(await TryConnectAsync(cancellation))) return null;
        await using var another = new EngineSql(loop, address, user, password, limit);
        var failure = await another.TryConnectAsync(cancellation);
        return IsAnswer(failure) ? null : failure;
    }

    public Task<QueryResult> QueryAsync(string statement, CancellationToken cancellation, TimeSpan? within = null) =>
        QueryAsync(statement, within, limits: null, cancellation);

    /// <param name="limits">How much of an answer is taken; null: as of any.</param>
    /// <inheritdoc cref="IEngineSql.QueryAsync"/>
    public Task<QueryResult> QueryAsync(string statement, TimeSpan? within, QueryLimits? limits, CancellationToken cancellation) =>
        UseAsync((client, bounded) => client.QueryAsync(statement, bounded, limits), within ?? limit, cancellation);

    /// <summary>What the engine said of itself at login.</summary>
    /// <exception cref="EngineSqlException">It does not answer.</exception>
    public Task<HandshakeV10> GreetingAsync(CancellationToken cancellation) => UseAsync(static (client, _) => Task.FromResult(client.Login.Greeting), limit, cancellation);

    /// <exception cref="EngineSqlException">It does not answer.</exception>
    public async Task<ServerFamily> FamilyAsync(CancellationToken cancellation) =>
        FamilyOf(await GreetingAsync(cancellation));

    /// <summary>Closes the connection; a statement under way fails.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync();
        await _turn.WaitAsync();
        try
        {
            if (_client is not null) await _client.DisposeAsync();
            _client = null;
        }
        finally
        {
            _turn.Release();
        }
    }

    private static ServerFamily FamilyOf(HandshakeV10 greeting) =>
        greeting.ServerVersion.Contains("MariaDB", StringComparison.OrdinalIgnoreCase) ? ServerFamily.MariaDb : ServerFamily.MySql;

    private static bool IsAnswer(EngineSqlException? failure) => failure is null or { Code: not null };

    private async Task<T> UseAsync<T>(Func<EngineClient, CancellationToken, Task<T>> use, TimeSpan within, CancellationToken cancellation)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _closed.Token);
        bounded.CancelAfter(within);
        try
        {
            await _turn.WaitAsync(bounded.Token);
            try
            {
                if (_client is null or { IsClosed: true }) await ConnectAsync(bounded.Token);
                return await use(_client!, bounded.Token);
            }
            finally
            {
                _turn.Release();
            }
        }
        catch (EngineErrorException error)
        {
            throw new EngineSqlException(error.Message, error.Code, error);
        }
        catch (OperationCanceledException late) when (!cancellation.IsCancellationRequested)
        {
            throw new EngineSqlException(_closed.IsCancellationRequested ? "the connection was closed, because the engine ends" : $"no answer within {within.TotalSeconds:0.#} s", inner: late) { IsLate = !_closed.IsCancellationRequested };
        }
        catch (Exception failure) when (failure is ConnectFailedException or ConnectionLostException or LoginFailedException or MalformedPacketException or IOException)
        {
            throw new EngineSqlException(failure.Message, inner: failure);
        }
    }

    private async Task ConnectAsync(CancellationToken bounded)
    {
        if (_client is { } lost) await lost.DisposeAsync();
        _client = null;
        var client = await EngineClient.ConnectAsync(loop, _login, bounded);
        try
        {
            foreach (var statement in opening?.Invoke(FamilyOf(client.Login.Greeting)) ?? []) await client.QueryAsync(statement, bounded);
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
        _client = client;
    }
}
