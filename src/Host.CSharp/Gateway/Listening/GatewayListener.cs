using System.Net;
using Microsoft.Extensions.Logging;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Routing;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Listening;

/// <summary>
/// Takes the connections of the clients of one database, or of several that share it, has each authenticated, and hands it to the sessions of its database.
/// A connection and all of its session stay on the event loop that it was given at first.
/// </summary>
public sealed partial class GatewayListener : IConnectionPlaces, IAsyncDisposable
{
    /// <summary>How long a client that does not read is waited for with the last of what it was sent; the servers wait so long as well (net_write_timeout).</summary>
    private static readonly TimeSpan LongestDrain = TimeSpan.FromSeconds(60);

    private const int MostStrangers = 1;

    private static readonly ErrPacket TooMany = new(ErrorCode.TooManyConnections, "Too many connections") { WithSqlState = false };

    private readonly ConnectionTable _connections;
    private readonly DescriptorBudget _descriptors;
    private readonly ClientHandshake _handshake;
    private readonly ILogger _logger;
    private volatile int _limit;
    private volatile string _databases;
    private readonly LoopListener _socket;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _allGone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WarningPace _limitWarnings = new();
    private int _stopped;
    // One more than the connections that are served, until the listener stops.
    private int _holders = 1;

    private GatewayListener(
        EventLoopGroup loops, EndPoint address, ListenerRoutes routes, LoginServices login, ListenerOptions options, ConnectionTable connections, DescriptorBudget descriptors,
        ILoggerFactory loggers)
    {
        _connections = connections;
        _descriptors = descriptors;
        _logger = loggers.CreateLogger<GatewayListener>();
        _handshake = new ClientHandshake(routes, login, options, loggers.CreateLogger<ClientHandshake>());
        _limit = LimitOf(routes);
        _databases = routes.Name;
        _socket = LoopListener.Start(loops, address, Accept, PacketOf(TooMany), this, _logger);
    }

    /// <summary>Where it listens, with the port that was given when 0 was asked for.</summary>
    public EndPoint LocalEndPoint => _socket.LocalEndPoint;

    public ListenerCounters Counters { get; } = new();

    /// <summary>Listens, and returns once connections are accepted.</summary>
    /// <param name="connections">The gateway's connections, of all its listeners.</param>
    /// <param name="descriptors">The process's descriptors, for all its listeners and sessions.</param>
    /// <param name="routes">Its databases. It takes as many connections as all of them together.</param>
    /// <param name="login">What its clients' logins share before it is known which database they mean.</param>
    /// <exception cref="IOException">It cannot listen there. The message names the address and what to do.</exception>
    public static GatewayListener Start(
        EventLoopGroup loops, EndPoint address, ListenerRoutes routes, LoginServices login, ListenerOptions options, ConnectionTable connections, DescriptorBudget descriptors,
        ILoggerFactory loggers) =>
        new(loops, address, routes, login, options, connections, descriptors, loggers);

    /// <summary>Leads clients to these databases from here on. Sessions that there are go on, and those of a database that is not among them are ended with it.</summary>
    public void UseRoutes(ListenerRoutes routes)
    {
        (_limit, _databases) = (LimitOf(routes), routes.Name);
        _handshake.UseRoutes(routes);
    }

    /// <summary>
    /// Accepts no more, asks the sessions to end, and cuts off those that have not after the time given. May be called again, with less time.
    /// </summary>
    public async Task StopAsync(TimeSpan limit)
    {
        _socket.Dispose();
        if (Interlocked.Exchange(ref _stopped, 1) == 0)
        {
            await _stopping.CancelAsync();
            Release();
        }
        try
        {
            await _allGone.Task.WaitAsync(limit);
        }
        catch (TimeoutException)
        {
            LogCutOff(_databases, Counters.Open);
            _connections.AbortAll(this);
            await _allGone.Task;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        _stopping.Dispose();
    }

    bool IConnectionPlaces.TryTake()
    {
        Counters.CountAccepted();
        if (_descriptors.TryTakeClient()) return true;
        Counters.CountOverLimit();
        WarnOfLimit($"what the limit of open files leaves for clients ({_descriptors.MostClients} of them, or fewer beside many backend connections) is used up; raise it (ulimit -n, LimitNOFILE=)");
        return false;
    }

    void IConnectionPlaces.Return() => _descriptors.ReturnClient();

    /// <summary>Of as many as they allow together; where nothing is yet, of some who are told so.</summary>
    private static int LimitOf(ListenerRoutes routes) => (int)Math.Clamp(routes.All.Sum(route => (long)route.Limit), MostStrangers, int.MaxValue);

    private void Accept(LoopSocket socket, IPEndPoint? client)
    {
        var channel = new PacketChannel(socket);
        if (!Counters.TryOpen(_limit))
        {
            RefuseOne(channel, $"the limit of {_limit} of this address's databases is reached");
            return;
        }
        if (!_connections.TryAdd(this, channel, out var id))
        {
            Counters.Close();
            RefuseOne(channel, $"all databases' limit of {_connections.Limit} is reached");
            return;
        }
        if (!TryHold())
        {
            Counters.Close();
            _connections.Remove(id);
            channel.Dispose();
            _descriptors.ReturnClient();
            return;
        }
        _ = ServeAsync(channel, id, client);
    }

    // Never throws: nobody awaits it.
    private async Task ServeAsync(PacketChannel channel, uint id, IPEndPoint? endPoint)
    {
        try
        {
            var client = await _handshake.RunAsync(channel, id, endPoint);
            if (client is null)
            {
                Counters.CountLoginFailed();
                return;
            }
            Counters.CountSession();
            try
            {
                await client.Route.Sessions.RunAsync(client, _stopping.Token);
            }
            finally
            {
                client.Secret.Dispose();
                client.Route.Close();
            }
        }
        catch (Exception over) when (over is ConnectionLostException or OperationCanceledException)
        {
            LogEnded(_databases, id, over.Message);
        }
        catch (Exception failure)
        {
            LogFailed(_databases, id, failure);
        }
        finally
        {
            await DrainAsync(channel.Transport);
            channel.Dispose();
            _connections.Remove(id);
            _descriptors.ReturnClient();
            Counters.Close();
            Release();
        }
    }

    /// <summary>The end of a result, or the reason why it is over, reaches a client that reads slowly too. It counts as connected until then.</summary>
    private static async ValueTask DrainAsync(ITransport transport)
    {
        LoopTimer? limit = null;
        try
        {
            var draining = transport.DrainAsync();
            if (!draining.IsCompleted) limit = transport.Loop.StartTimer(LongestDrain, static transport => ((ITransport)transport!).Abort(), transport);
            await draining;
        }
        catch (Exception over) when (over is ConnectionLostException or InvalidOperationException)
        {
            // It went away, does not read, or its loop has ended.
        }
        finally
        {
            limit?.Cancel();
        }
    }

    /// <summary>Tells the client in the place of a greeting, as the servers do, and closes.</summary>
    private void RefuseOne(PacketChannel channel, string why)
    {
        Counters.CountOverLimit();
        WarnOfLimit(why);
        try
        {
            channel.Append(TooMany);
            channel.Transport.TrySend(channel.Output.Written);
        }
        catch (ConnectionLostException)
        {
            // It is gone already.
        }
        channel.Dispose();
        _descriptors.ReturnClient();
    }

    private void WarnOfLimit(string why)
    {
        if (_limitWarnings.IsDue()) LogTooMany(_databases, why);
    }

    private bool TryHold()
    {
        for (var holders = Volatile.Read(ref _holders); holders > 0;)
        {
            var found = Interlocked.CompareExchange(ref _holders, holders + 1, holders);
            if (found == holders) return true;
            holders = found;
        }
        return false;
    }

    private void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0) _allGone.TrySetResult();
    }

    private static byte[] PacketOf(ErrPacket error)
    {
        using var writer = new PacketWriter();
        writer.Begin();
        error.WriteTo(writer);
        writer.End(0);
        return writer.Written.ToArray();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: too many connections: clients are refused with error 1040, since {Why}")]
    private partial void LogTooMany(string database, string why);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Database}: connection {Id} ended: {Reason}")]
    private partial void LogEnded(string database, uint id, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Database}: connection {Id} ended by an unexpected failure")]
    private partial void LogFailed(string database, uint id, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: {Count} connections had not ended in time and were cut off")]
    private partial void LogCutOff(string database, int count);
}
