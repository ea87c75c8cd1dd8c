using System.Globalization;
using System.Net;
using System.Text;
using Serverless.Host.Compute;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Tests.Integration.Control;

/// <summary>
/// A compute whose engine is a script in this process that speaks the protocol: it listens while it runs, and is as gone as a process when it does not.
/// Knows one account, no data, and the questions that the gateway asks of every session.
/// </summary>
internal sealed class ScriptedEngine : ICompute
{
    public const string User = "app", Password = "secret";

    private static readonly Dictionary<string, double> NoPhases = new(StringComparer.Ordinal);

    private readonly EventLoopGroup _loops = new(1);
    private readonly Lock _lock = new();
    private readonly HashSet<LoopSocket> _sockets = [];
    private LoopListener? _listener;
    private int _connections;

    public event Action<string>? Lost
    {
        add { }
        remove { }
    }

    public event Action<string>? Crashed
    {
        add { }
        remove { }
    }

    public event Action? Changed
    {
        add { }
        remove { }
    }

    public bool EndsWithGateway => true;

    public string Kind => "scripted";

    public ComputeSize Capacity { get; } = new(16_000, 64L << 30);

    /// <summary>Connections that are open now.</summary>
    public int Open
    {
        get
        {
            lock (_lock)
            {
                return _sockets.Count;
            }
        }
    }

    /// <summary>Connections that there have been.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public ValueTask<ComputeView> ObserveAsync(CancellationToken cancellation) => ValueTask.FromResult(
        _listener is { } listener
            ? new ComputeView(ComputeState.Serving, Size: null, new BackendAddress(UnixSocket: null, (IPEndPoint)listener.LocalEndPoint, ReadsProxyHeader: false), Detail: null)
            : new ComputeView(ComputeState.Gone, Size: null, Address: null, Detail: null));

    public ValueTask<EffectResult> StartAsync(ComputeSize size, CancellationToken cancellation)
    {
        _listener ??= LoopListener.Start(_loops, new IPEndPoint(IPAddress.Loopback, 0), (socket, from) => _ = ServeAsync(socket));
        return ValueTask.FromResult<EffectResult>(new EffectResult.Done(NoPhases));
    }

    public ValueTask<EffectResult> StopAsync(bool hurry, CancellationToken cancellation)
    {
        _listener?.Dispose();
        _listener = null;
        lock (_lock)
        {
            foreach (LoopSocket socket in _sockets)
            {
                socket.Abort();
            }
        }

        return ValueTask.FromResult<EffectResult>(new EffectResult.Done(NoPhases));
    }

    public ValueTask<EffectResult> ResizeAsync(ComputeSize size, CancellationToken cancellation) => ValueTask.FromResult<EffectResult>(new EffectResult.Done(NoPhases));

    public ValueTask<string?> WhyNotStopAsync(CancellationToken cancellation) => ValueTask.FromResult<string?>(null);

    public ValueTask<string?> FindForeignWorkAsync(CancellationToken cancellation) => ValueTask.FromResult<string?>(null);

    public ValueTask<MetricAnswer> AskAsync(string statement, CancellationToken cancellation) => ValueTask.FromResult(MetricAnswer.None("it knows no data"));

    public ValueTask<ComputeUsage> MeasureAsync(CancellationToken cancellation) =>
        ValueTask.FromResult(new ComputeUsage(100, 100L << 20, 64L << 20, 32L << 20, new Dictionary<string, long>(StringComparer.Ordinal)));

    public ValueTask<AccountSnapshot> ReadAccountsAsync(CancellationToken cancellation)
    {
        string hash = "*" + Convert.ToHexString(System.Security.Cryptography.SHA1.HashData(NativePassword.Stage1(Encoding.UTF8.GetBytes(Password))));
        return ValueTask.FromResult(new AccountSnapshot(
            DateTimeOffset.UtcNow, [new Account(User, "%", AuthPlugins.NativePassword, hash, Locked: false, PasswordExpired: false, RequiresTls: false)]));
    }

    public ValueTask<ServerProfile> ReadProfileAsync(CancellationToken cancellation) => ValueTask.FromResult(new ServerProfile(
        ServerFamily.MariaDb, "10.11.0-MariaDB-scripted", (ulong)EngineLogin.DefaultCapabilities, CollationId.Utf8Mb4GeneralCi, AuthPlugins.NativePassword,
        new Dictionary<string, string>(StringComparer.Ordinal) { ["autocommit"] = "ON", ["version"] = "10.11.0-MariaDB-scripted", ["collation_server"] = "utf8mb4_general_ci" },
        new Dictionary<string, CollationInfo>(StringComparer.Ordinal) { ["utf8mb4_general_ci"] = new(CollationId.Utf8Mb4GeneralCi, "utf8mb4", IsDefault: true) }));

    public async ValueTask DisposeAsync()
    {
        await StopAsync(hurry: true, CancellationToken.None);
        _loops.Dispose();
    }

    private async Task ServeAsync(LoopSocket socket)
    {
        uint id = (uint)Interlocked.Increment(ref _connections);
        lock (_lock)
        {
            _sockets.Add(socket);
        }

        using var channel = new PacketChannel(socket);
        try
        {
            var greeting = new HandshakeV10(
                "10.11.0-MariaDB-scripted", id, Nonce.Create(), EngineLogin.DefaultCapabilities, CollationId.Utf8Mb4GeneralCi, ServerStatus.AutoCommit, AuthPlugins.NativePassword);
            channel.Append(greeting);
            await channel.FlushAsync();
            Capabilities agreed = greeting.Capabilities & HandshakeResponse41.Read((await channel.ReadPacketAsync()).Span, greeting.Capabilities).Capabilities;
            channel.Append(new OkPacket { Status = ServerStatus.AutoCommit });
            await channel.FlushAsync();
            while (true)
            {
                channel.Sequence = 0;
                ReadOnlyMemory<byte> command = await channel.ReadPacketAsync();
                if (command.Span[0] == (byte)Command.Quit)
                {
                    return;
                }

                Answer(channel, agreed, command.Span[0] == (byte)Command.Query ? Encoding.UTF8.GetString(command.Span[1..]).TrimStart('\0', '\u0001') : "");
                await channel.FlushAsync();
            }
        }
        catch (Exception ended) when (ended is ConnectionLostException or OperationCanceledException)
        {
            // the gateway has gone, or the engine was stopped
        }
        finally
        {
            lock (_lock)
            {
                _sockets.Remove(socket);
            }
        }
    }

    private static void Answer(PacketChannel channel, Capabilities agreed, string statement)
    {
        switch (statement)
        {
            case ['S', 'H', 'O', 'W', ..]:
                Rows(channel, agreed, ["Level", "Code", "Message"], null);
                break;
            case var whoAmI when whoAmI.StartsWith("SELECT HEX(CONVERT(CURRENT_USER()", StringComparison.Ordinal):
                Rows(channel, agreed, ["who"], [Convert.ToHexString(Encoding.UTF8.GetBytes($"{User}@%"))]);
                break;
            case var state when state.StartsWith("SELECT FOUND_ROWS()", StringComparison.Ordinal):
                Rows(channel, agreed, ["a", "b", "c", "d", "e", "f"], ["1", "0", null, "utf8mb4", "utf8mb4", null]);
                break;
            case var variables when variables.StartsWith("SELECT HEX(VARIABLE_NAME)", StringComparison.Ordinal):
                Rows(channel, agreed, ["name"], null);
                break;
            case ['S', 'E', 'L', 'E', 'C', 'T', ..]:
                Rows(channel, agreed, ["length"], [statement.Length.ToString(CultureInfo.InvariantCulture)]);
                break;
            default:
                channel.Append(new OkPacket { Status = ServerStatus.AutoCommit });
                break;
        }
    }

    private static void Rows(PacketChannel channel, Capabilities agreed, string[] columns, string?[]? row)
    {
        ResultSetWriter result = ResultSetWriter.Begin(channel, agreed, ServerStatus.AutoCommit, [.. columns.Select(name => ColumnDefinition41.Text(name))]);
        if (row is not null)
        {
            result.Row(row);
        }

        result.End(ServerStatus.AutoCommit);
    }
}
