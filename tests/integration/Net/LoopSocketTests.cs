using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using NUnit.Framework;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Net;

[CancelAfter(60_000)]
public sealed class LoopSocketTests
{
    private EventLoop _near = null!;
    private EventLoopGroup _far = null!;

    [SetUp]
    public void StartLoops() => (_near, _far) = (new EventLoop("near"), new EventLoopGroup(1));

    [TearDown]
    public void EndLoops()
    {
        _near.Dispose();
        _far.Dispose();
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task SendAsync_MoreThanTheKernelBuffers_ArrivesWholeAndInOrder(bool unix)
    {
        using var pair = await SocketPair.CreateAsync(_near, _far, unix);
        var sent = RandomNumberGenerator.GetBytes(20_000_000);
        var received = new byte[sent.Length];
        var sending = _near.RunAsync(async () =>
        {
            await pair.Near.SendAsync(sent);
            pair.Near.ShutdownSend();
        });
        var length = await pair.Far.Loop.RunAsync(() => ReceiveAllAsync(pair.Far, received));
        await sending;
        Assert.That(length, Is.EqualTo(sent.Length));
        Assert.That(received.AsSpan().SequenceEqual(sent));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task PingPong_ThousandsOfTurns_AllocatesNothing(bool unix)
    {
        using var pair = await SocketPair.CreateAsync(_near, _far, unix);
        var echo = pair.Far.Loop.RunAsync(async () =>
        {
            var buffer = new byte[100];
            while (true)
            {
                var count = await pair.Far.ReceiveAsync(buffer).ConfigureAwait(false);
                if (count == 0) return;
                await pair.Far.SendAsync(buffer.AsMemory(0, count)).ConfigureAwait(false);
            }
        });
        var allocated = await _near.RunAsync(async () =>
        {
            await TurnsAsync(pair.Near, 1000);
            var before = GC.GetAllocatedBytesForCurrentThread();
            await TurnsAsync(pair.Near, 10_000);
            var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            pair.Near.ShutdownSend();
            return bytes;
        });
        await echo;
        Assert.That(allocated, Is.LessThan(10_000), "bytes for 10,000 turns");
    }

    [Test]
    public async Task WaitReadableAsync_Interrupted_IsFalseAndCanWaitAgain()
    {
        using var pair = await SocketPair.CreateAsync(_near, _far);
        var waiting = _near.RunAsync(async () => await pair.Near.WaitReadableAsync());
        var interrupted = await _near.RunAsync(() => Task.FromResult(pair.Near.InterruptRead()));
        Assert.That((interrupted, await waiting), Is.EqualTo((true, false)));
        await pair.Far.Loop.RunAsync(async () => await pair.Far.SendAsync("x"u8.ToArray()));
        Assert.That(await _near.RunAsync(async () => await pair.Near.WaitReadableAsync()), Is.True);
    }

    [Test]
    public async Task InterruptRead_NobodyWaits_IsFalseAndHasNoEffectLater()
    {
        using var pair = await SocketPair.CreateAsync(_near, _far);
        Assert.That(await _near.RunAsync(() => Task.FromResult(pair.Near.InterruptRead())), Is.False);
        var waiting = _near.RunAsync(async () => await pair.Near.WaitReadableAsync());
        await pair.Far.Loop.RunAsync(async () => await pair.Far.SendAsync("x"u8.ToArray()));
        Assert.That(await waiting, Is.True);
    }

    [Test]
    public async Task HangupObserver_PeerClosesWhileNobodyReads_IsToldOnce()
    {
        using var pair = await SocketPair.CreateAsync(_near, _far, unix: true);
        var observer = new Observer();
        await _near.RunAsync(() =>
        {
            pair.Near.HangupObserver = observer;
            return Task.CompletedTask;
        });
        pair.Far.Dispose();
        await observer.Told.Task.WaitAsync(TimeSpan.FromSeconds(10));
        await Task.Delay(20);
        Assert.That((observer.Count, pair.Near.IsPeerClosed), Is.EqualTo((1, true)));
    }

    [Test]
    public async Task ReceiveAsync_PeerSentAndClosed_GivesTheBytesAndThenTheEnd()
    {
        using var pair = await SocketPair.CreateAsync(_near, _far);
        await pair.Far.Loop.RunAsync(async () =>
        {
            await pair.Far.SendAsync("last words"u8.ToArray());
            pair.Far.Dispose();
        });
        var received = new byte[100];
        Assert.That(await _near.RunAsync(() => ReceiveAllAsync(pair.Near, received)), Is.EqualTo("last words".Length));
    }

    [Test]
    public async Task ReceiveAsync_PeerResets_IsConnectionLost()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var near = await LoopSocket.ConnectTcpAsync(_near, (IPEndPoint)listener.LocalEndPoint!);
        var far = await listener.AcceptAsync();
        far.LingerState = new LingerOption(enable: true, seconds: 0);
        far.Dispose();
        Assert.That(async () => await _near.RunAsync(async () => await near.ReceiveAsync(new byte[1])), Throws.TypeOf<ConnectionLostException>());
    }

    [Test]
    public async Task Abort_FromAnotherThread_WakesReaderAndWriter()
    {
        using var pair = await SocketPair.CreateAsync(_near, _far);
        var reading = _near.RunAsync(async () => await pair.Near.ReceiveAsync(new byte[1]));
        var writing = _near.RunAsync(async () => await pair.Near.SendAsync(new byte[50_000_000]));
        await _near.RunAsync(() => Task.CompletedTask);
        pair.Near.Abort();
        Assert.That(async () => await reading, Throws.TypeOf<ConnectionLostException>());
        Assert.That(async () => await writing, Throws.TypeOf<ConnectionLostException>());
    }

    [Test]
    public async Task WaitReadableAsync_SomebodyWaitsAlready_IsRefused()
    {
        using var pair = await SocketPair.CreateAsync(_near, _far);
        var first = _near.RunAsync(async () => await pair.Near.WaitReadableAsync());
        Assert.That(async () => await _near.RunAsync(async () => await pair.Near.WaitReadableAsync()), Throws.InvalidOperationException);
        pair.Near.Abort();
        Assert.That(async () => await first, Throws.TypeOf<ConnectionLostException>());
    }

    [Test]
    public void ConnectTcpAsync_NobodyListens_NamesTheAddress()
    {
        var address = new IPEndPoint(IPAddress.Loopback, FreePorts.Take());
        Assert.That(async () => await LoopSocket.ConnectTcpAsync(_near, address), Throws.TypeOf<ConnectFailedException>().With.Message.Contains(address.ToString()));
    }

    [Test]
    public void ConnectUnixAsync_PathTooLong_SaysSo() =>
        Assert.That(
            async () => await LoopSocket.ConnectUnixAsync(_near, "/tmp/" + new string('x', 200)),
            Throws.TypeOf<ConnectFailedException>().With.Message.Contains("107 bytes"));

    [Test]
    public async Task ConnectUnixAsync_BacklogFull_WaitsForAPlace()
    {
        using var directory = new TemporaryDirectory();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(directory["s"]));
        listener.Listen(1);
        var connects = Enumerable.Range(0, 10).Select(_ => LoopSocket.ConnectUnixAsync(_near, directory["s"])).ToList();
        var accepted = new List<Socket>();
        for (var i = 0; i < 10; i++) accepted.Add(await listener.AcceptAsync());
        foreach (var socket in await Task.WhenAll(connects)) socket.Dispose();
        foreach (var socket in accepted) socket.Dispose();
    }

    [Test]
    public async Task ConnectUnixAsync_CancelledWhileTheBacklogIsFull_IsCancelled()
    {
        using var directory = new TemporaryDirectory();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(directory["s"]));
        listener.Listen(0);
        using var first = await LoopSocket.ConnectUnixAsync(_near, directory["s"]);
        using var source = new CancellationTokenSource(50);
        Assert.That(async () => await LoopSocket.ConnectUnixAsync(_near, directory["s"], source.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    private static async Task<int> ReceiveAllAsync(LoopSocket socket, Memory<byte> buffer)
    {
        var length = 0;
        while (length < buffer.Length)
        {
            var count = await socket.ReceiveAsync(buffer[length..]);
            if (count == 0) break;
            length += count;
        }
        return length;
    }

    /// <summary>In the manner of a hot path: no asynchronous method in between.</summary>
    private static async Task TurnsAsync(LoopSocket socket, int turns)
    {
        var buffer = new byte[100];
        for (var i = 0; i < turns; i++)
        {
            socket.TrySend(buffer.AsSpan(0, 30));
            while (socket.TryReceive(buffer) == ITransport.WouldBlock) await socket.WaitReadableAsync();
        }
    }

    private sealed class Observer : IHangupObserver
    {
        public TaskCompletionSource Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Count { get; private set; }

        public void OnPeerClosed(ITransport transport)
        {
            Count++;
            Told.TrySetResult();
        }
    }
}
