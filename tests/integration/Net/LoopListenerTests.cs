using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using NUnit.Framework;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Net;

[CancelAfter(60_000)]
[NonParallelizable]
public sealed partial class LoopListenerTests
{
    private EventLoopGroup _loops = null!;

    [SetUp]
    public void StartLoops() => _loops = new EventLoopGroup(2);

    [TearDown]
    public void EndLoops() => _loops.Dispose();

    [Test]
    public void Start_PortInUse_NamesTheAddress()
    {
        using var first = LoopListener.Start(_loops, new IPEndPoint(IPAddress.Loopback, 0), (socket, _) => socket.Dispose());
        Assert.That(
            () => LoopListener.Start(_loops, first.LocalEndPoint, (socket, _) => socket.Dispose()),
            Throws.InstanceOf<IOException>().With.Message.EqualTo($"Cannot listen on {first.LocalEndPoint}: another process uses it. Stop that process or choose another address."));
    }

    [Test]
    public void Start_AddressOfAnotherMachine_SaysSo() =>
        Assert.That(
            () => LoopListener.Start(_loops, IPEndPoint.Parse("192.0.2.1:0"), (socket, _) => socket.Dispose()),
            Throws.InstanceOf<IOException>().With.Message.Contains("this machine has no such address"));

    [Test]
    public async Task Accepted_ManyConnections_AreSpreadOverTheLoops()
    {
        var accepted = new ConcurrentQueue<LoopSocket>();
        using var listener = LoopListener.Start(_loops, new IPEndPoint(IPAddress.Loopback, 0), (socket, _) => accepted.Enqueue(socket));
        var clients = new List<Socket>();
        for (var i = 0; i < 200; i++) clients.Add(await ConnectAsync(listener.LocalEndPoint));
        await UntilAsync(() => accepted.Count == 200);
        Assert.That(accepted.CountBy(socket => socket.Loop).Select(pair => pair.Value), Is.All.InRange(98, 102));
        foreach (var client in clients) client.Dispose();
    }

    [TestCase("127.0.0.1")]
    [TestCase("::")]
    [TestCase("::1")]
    public async Task Accepted_OverTcp_KnowsThePeersAddress(string address)
    {
        var peer = new TaskCompletionSource<IPEndPoint?>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listener = LoopListener.Start(_loops, new IPEndPoint(IPAddress.Parse(address), 0), (_, from) => peer.TrySetResult(from));
        var port = ((IPEndPoint)listener.LocalEndPoint).Port;
        using var client = await ConnectAsync(new IPEndPoint(address == "::1" ? IPAddress.IPv6Loopback : IPAddress.Loopback, port));
        Assert.That(await peer.Task, Is.EqualTo(client.LocalEndPoint));
    }

    [Test]
    public async Task Start_UnixSocketFileLeftBehind_IsReplaced()
    {
        using var directory = new TemporaryDirectory();
        var address = new UnixDomainSocketEndPoint(directory["s"]);
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(directory["d"]));
            File.Move(directory["d"], directory["s"]);
        }
        var accepted = new TaskCompletionSource<IPEndPoint?>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listener = LoopListener.Start(_loops, address, (_, from) => accepted.TrySetResult(from));
        using var client = await ConnectAsync(address);
        Assert.That(await accepted.Task, Is.Null);
    }

    [Test]
    public void Start_UnixSocketThatSomebodyServes_IsLeftAlone()
    {
        using var directory = new TemporaryDirectory();
        var address = new UnixDomainSocketEndPoint(directory["s"]);
        using var first = LoopListener.Start(_loops, address, (socket, _) => socket.Dispose());
        Assert.That(() => LoopListener.Start(_loops, address, (socket, _) => socket.Dispose()), Throws.InstanceOf<IOException>().With.Message.Contains("another process uses it"));
    }

    [Test]
    public async Task Accept_NoDescriptorLeft_RefusesWithTheGivenBytesAndRecovers()
    {
        var accepted = new ConcurrentQueue<LoopSocket>();
        using var listener = LoopListener.Start(
            _loops, new IPEndPoint(IPAddress.Loopback, 0), (socket, _) => accepted.Enqueue(socket), Encoding.ASCII.GetBytes("full"));
        using (var warmUp = await ConnectAsync(listener.LocalEndPoint)) await UntilAsync(() => accepted.Count == 1);
        // The client exists before the limit falls, since it needs a descriptor too; and what others left behind is closed before, so that none is given back meanwhile.
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000 };
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = Limit();
        using var filler = new DescriptorFiller();
        try
        {
            SetLimit(before with { Soft = filler.FillUpTo((ulong)Directory.EnumerateFiles("/proc/self/fd").Max(path => int.Parse(Path.GetFileName(path))) + 20) });
            client.Connect(listener.LocalEndPoint);
            var answer = new byte[10];
            var length = client.Receive(answer);
            Assert.That(Encoding.ASCII.GetString(answer, 0, length), Is.EqualTo("full"));
            Assert.That(client.Receive(answer), Is.Zero, "the end follows");
        }
        finally
        {
            SetLimit(before);
            filler.Dispose();
        }
        using var later = await ConnectAsync(listener.LocalEndPoint);
        await UntilAsync(() => accepted.Count == 2);
    }

    private static async Task<Socket> ConnectAsync(EndPoint address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(address);
        return socket;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; i < 1000 && !condition(); i++) await Task.Delay(10);
        Assert.That(condition(), "in time");
    }

    private static ResourceLimit Limit() => getrlimit(7, out var limit) == 0 ? limit : throw new InvalidOperationException("getrlimit failed");

    private static void SetLimit(ResourceLimit limit)
    {
        if (setrlimit(7, in limit) != 0) throw new InvalidOperationException("setrlimit failed");
    }

    [LibraryImport("libc")]
    private static partial int getrlimit(int resource, out ResourceLimit limit);

    [LibraryImport("libc")]
    private static partial int setrlimit(int resource, in ResourceLimit limit);

    private record struct ResourceLimit(ulong Soft, ulong Hard);

    /// <summary>Takes all descriptors below a limit.</summary>
    private sealed partial class DescriptorFiller : IDisposable
    {
        private readonly List<int> _taken = [];

        public ulong FillUpTo(ulong limit)
        {
            int fd;
            while ((fd = dup(0)) >= 0 && (ulong)fd < limit) _taken.Add(fd);
            if (fd >= 0) _ = close(fd);
            return limit;
        }

        public void Dispose()
        {
            foreach (var fd in _taken) _ = close(fd);
            _taken.Clear();
        }

        [LibraryImport("libc")]
        private static partial int dup(int fd);

        [LibraryImport("libc")]
        private static partial int close(int fd);
    }
}
