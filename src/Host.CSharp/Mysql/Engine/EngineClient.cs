using System.Text;
using Serverless.Host.Net;

namespace Serverless.Host.Mysql;

/// <summary>
/// A small client of an engine, for the gateway's own connections (service account) and for tests. Everything may be called from any thread:
/// calls hop onto the client's loop and are carried out one after the other. Cancelling a call ends the connection, since its answer would
/// still be under way; make a new one then.
/// </summary>
public sealed class EngineClient : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private bool _broken;

    private EngineClient(PacketChannel channel, LoginResult login)
    {
        Channel = channel;
        Login = login;
    }

    public LoginResult Login { get; }

    /// <summary>The engine's number of this connection.</summary>
    public uint ConnectionId => Login.Greeting.ConnectionId;

    /// <summary>The connection ended, or can no more be used after a cancelled or failed call.</summary>
    public bool IsClosed => _broken || Channel.Transport.IsPeerClosed;

    /// <summary>For use at packet level, on its loop, while no call is under way.</summary>
    public PacketChannel Channel { get; }

    /// <summary>Connects and logs in.</summary>
    /// <exception cref="ConnectFailedException">Nobody listens there.</exception>
    /// <exception cref="EngineErrorException">The engine refuses.</exception>
    /// <exception cref="LoginFailedException">The engine asks for an authentication that this side cannot do.</exception>
    /// <exception cref="ConnectionLostException">The connection ended during the login.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static async Task<EngineClient> ConnectAsync(EventLoop loop, EngineLogin login, CancellationToken cancellation)
    {
        await loop.SwitchTo();
        var socket = login.Address switch
        {
            { UnixSocket: { } path } => await LoopSocket.ConnectUnixAsync(loop, path, cancellation),
            { Tcp: { } address } => await LoopSocket.ConnectTcpAsync(loop, address, cancellation),
            _ => throw new ArgumentException("The engine's address has neither a Unix socket nor a TCP address.", nameof(login)),
        };
        var channel = new PacketChannel(socket);
        try
        {
            using var registration = cancellation.UnsafeRegister(static socket => ((LoopSocket)socket!).Abort(), socket);
            return new EngineClient(channel, await LoginExchange.RunAsync(channel, login));
        }
        catch (Exception failure)
        {
            channel.Dispose();
            if (failure is ConnectionLostException && cancellation.IsCancellationRequested) throw new OperationCanceledException(failure.Message, failure, cancellation);
            throw;
        }
    }

    /// <summary>Runs a text query and reads its first result.</summary>
    /// <exception cref="EngineErrorException">The engine answers with an error; the connection can be used further.</exception>
    /// <exception cref="ConnectionLostException">The connection ended.</exception>
    /// <exception cref="ResultTooLargeException">The answer is beyond the limits.</exception>
    public async Task<QueryResult> QueryAsync(string sql, CancellationToken cancellation, QueryLimits? limits = null) =>
        (await QueryAllAsync(sql, cancellation, limits))[0];

    /// <summary>Runs a statement and returns what it changed.</summary>
    /// <inheritdoc cref="QueryAsync"/>
    public Task<QueryResult> ExecuteAsync(string sql, CancellationToken cancellation) => QueryAsync(sql, cancellation);

    /// <summary>Runs several statements, separated by `;`, and reads all their results.</summary>
    /// <inheritdoc cref="QueryAsync"/>
    public Task<List<QueryResult>> QueryAllAsync(string sql, CancellationToken cancellation, QueryLimits? limits = null) =>
        TakeTurnAsync(
            async () =>
            {
                // With query attributes agreed on, their number stands before the statement: none, in one set.
                byte[] attributes = Login.Capabilities.HasFlag(Capabilities.QueryAttributes) ? [0, 1] : [];
                await WriteCommandAsync(Command.Query, (byte[])[.. attributes, .. Encoding.UTF8.GetBytes(sql)]);
                return await new ResultReader(Channel, Login.Capabilities, limits ?? QueryLimits.Default).ReadAllAsync();
            },
            cancellation);

    /// <summary>Asks whether the engine is there.</summary>
    /// <inheritdoc cref="QueryAsync"/>
    public Task PingAsync(CancellationToken cancellation) => SendCommandAsync(Command.Ping, default, cancellation);

    /// <summary>Sends any command, and returns a copy of the first packet of its answer; it may be an error.</summary>
    /// <exception cref="ConnectionLostException">The connection ended.</exception>
    public Task<byte[]> SendCommandAsync(Command command, ReadOnlyMemory<byte> body, CancellationToken cancellation) =>
        TakeTurnAsync(
            async () =>
            {
                await WriteCommandAsync(command, body);
                return (await Channel.ReadPacketAsync(QueryLimits.Default.Bytes)).ToArray();
            },
            cancellation);

    /// <summary>Reads one more packet of an answer, as a copy.</summary>
    /// <exception cref="ConnectionLostException">The connection ended.</exception>
    public Task<byte[]> ReadPacketAsync(CancellationToken cancellation) =>
        TakeTurnAsync(async () => (await Channel.ReadPacketAsync(QueryLimits.Default.Bytes)).ToArray(), cancellation);

    /// <summary>Ends the connection without saying goodbye, from any thread.</summary>
    public void Abort()
    {
        _broken = true;
        Channel.Transport.Abort();
    }

    /// <summary>Says goodbye and closes.</summary>
    public async ValueTask DisposeAsync()
    {
        await Channel.Loop.SwitchTo();
        try
        {
            if (!IsClosed && _turn.Wait(0))
            {
                Channel.Sequence = 0;
                Channel.Append([(byte)Command.Quit]);
                // A goodbye that cannot be sent at once is not worth a wait.
                Channel.Transport.TrySend(Channel.Output.Written);
            }
        }
        catch (ConnectionLostException)
        {
            // It is being closed anyway.
        }
        finally
        {
            _broken = true;
            Channel.Dispose();
        }
    }

    private async Task<T> TakeTurnAsync<T>(Func<Task<T>> call, CancellationToken cancellation)
    {
        await Channel.Loop.SwitchTo();
        await _turn.WaitAsync(cancellation);
        try
        {
            if (_broken) throw new ConnectionLostException("The connection to the engine was closed by an earlier failure.");
            using var registration = cancellation.UnsafeRegister(static client => ((EngineClient)client!).Abort(), this);
            var result = await call();
            cancellation.ThrowIfCancellationRequested();
            return result;
        }
        catch (EngineErrorException)
        {
            throw;
        }
        catch (Exception failure)
        {
            Abort();
            if (failure is ConnectionLostException && cancellation.IsCancellationRequested) throw new OperationCanceledException(failure.Message, failure, cancellation);
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task WriteCommandAsync(Command command, ReadOnlyMemory<byte> body)
    {
        Channel.Sequence = 0;
        Channel.Output.Begin();
        Channel.Output.UInt8((byte)command);
        Channel.Output.Bytes(body.Span);
        Channel.Sequence = Channel.Output.End(Channel.Sequence);
        await Channel.FlushAsync();
    }
}
