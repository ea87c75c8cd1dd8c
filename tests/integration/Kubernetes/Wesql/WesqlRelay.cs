using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Serverless.Tests.Integration.EndToEnd;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes.Wesql;

/// <summary>
/// Makes a MariaDB answer what WeSQL's tables and functions are asked, which is as near as can be had: a relay before it that leads these statements to tables of the test's own. Each address of it is a node.
/// </summary>
internal sealed class WesqlRelay : IDisposable
{
    private static readonly string[] s_tables = ["snapshot_persistent_snapshot_index", "snapshot_persistent_task_info", "binlog_persistent_task_info"];

    private readonly CancellationTokenSource _end = new();
    private readonly List<TcpListener> _listeners = [];
    private readonly int _engine;

    public WesqlRelay(int engine, int nodes = 2)
    {
        (_engine, Port) = (engine, FreePorts.Take());
        for (int node = 0; node < nodes; node++)
        {
            var listener = new TcpListener(IPAddress.Parse(AddressOf(node)), Port);
            listener.Start();
            _listeners.Add(listener);
            int which = node;
            _ = Task.Run(() => AcceptAsync(listener, which));
        }
    }

    public int Port { get; }

    /// <summary>Statements that were led elsewhere, as they were asked.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Told after a snapshot was asked for.</summary>
    public Action? Forced { get; set; }

    public static string AddressOf(int node) => $"127.0.0.{node + 1}";

    public void Dispose()
    {
        _end.Cancel();
        _listeners.ForEach(one => one.Stop());
        _end.Dispose();
    }

    private async Task AcceptAsync(TcpListener listener, int node)
    {
        try
        {
            while (true)
            {
                TcpClient client = await listener.AcceptTcpClientAsync(_end.Token);
                _ = Task.Run(() => RelayAsync(client, node));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // the end of the test
        }
    }

    private async Task RelayAsync(TcpClient client, int node)
    {
        using TcpClient near = client, far = new();
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, _engine, _end.Token);
            await Task.WhenAny(far.GetStream().CopyToAsync(near.GetStream(), _end.Token), LeadAsync(near.GetStream(), far.GetStream(), node));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or IOException or ObjectDisposedException)
        {
            // either side has gone
        }
    }

    /// <summary>Packet by packet: 3 bytes of length, one of sequence, and a query begins with 3.</summary>
    private async Task LeadAsync(NetworkStream from, NetworkStream to, int node)
    {
        byte[] header = new byte[4];
        while (true)
        {
            await from.ReadExactlyAsync(header, _end.Token);
            byte[] payload = new byte[header[0] | (header[1] << 8) | (header[2] << 16)];
            await from.ReadExactlyAsync(payload, _end.Token);
            bool isForce = false;
            if (payload is [3, ..] && header[3] == 0 && Lead(Encoding.UTF8.GetString(payload.AsSpan(1)), node) is { } led)
            {
                isForce = led.Contains("force_snapshot", StringComparison.Ordinal);
                payload = [3, .. Encoding.UTF8.GetBytes(led)];
                BinaryPrimitives.WriteInt32LittleEndian(header, payload.Length);
            }

            await to.WriteAsync((byte[])[.. header, .. payload], _end.Token);
            if (isForce) Forced?.Invoke();
        }
    }

    private string? Lead(string statement, int node)
    {
        string led = statement.Replace("information_schema.wesql_cluster_local", $"wesql.node_{node}", StringComparison.OrdinalIgnoreCase);
        led = s_tables.Aggregate(led, (text, table) => text.Replace($"information_schema.{table}", $"wesql.{table}", StringComparison.OrdinalIgnoreCase));
        led = led.Replace("SNAPSHOT_ARCHIVE_PERSISTENT_FORCE()", "wesql.force_snapshot()", StringComparison.OrdinalIgnoreCase);
        led = led.StartsWith("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('serverless'", StringComparison.Ordinal) ? "SELECT name, value FROM wesql.variables" : led;
        if (led == statement) return null;
        Asked.Enqueue(statement);
        return led;
    }
}
