using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using NUnit.Framework;
using Serverless.Host.Net;
using Serverless.Host.Net.Tls;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Net;

[CancelAfter(60_000)]
public sealed class TlsTransportTests
{
    private EventLoop _near = null!;
    private EventLoopGroup _far = null!;
    private X509Certificate2 _certificate = null!;

    [SetUp]
    public void Start()
    {
        (_near, _far) = (new EventLoop("near"), new EventLoopGroup(1));
        var (certificate, key) = SelfSignedCertificate.Make("test", DateTimeOffset.UtcNow);
        using var pem = X509Certificate2.CreateFromPem(certificate, key);
        _certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), password: null);
    }

    [TearDown]
    public void Stop()
    {
        _near.Dispose();
        _far.Dispose();
        _certificate.Dispose();
    }

    [TestCase(1)]
    [TestCase(700_000)]
    public async Task BothWaysAtOnce_MoreThanTheKernelBuffers_ArrivesWholeAndInOrder(int step)
    {
        var (sockets, client, server) = await ConnectAsync();
        using var closing = sockets;
        var (there, back) = (RandomNumberGenerator.GetBytes(3_000_000), RandomNumberGenerator.GetBytes(3_000_001));
        var sending = Task.WhenAll(_near.RunAsync(() => SendAsync(client, there, 50_000)), server.Loop.RunAsync(() => SendAsync(server, back, 50_000)));
        var received = await Task.WhenAll(
            server.Loop.RunAsync(() => ReceiveAsync(server, there.Length, Math.Max(step, 4096))), _near.RunAsync(() => ReceiveAsync(client, back.Length, Math.Max(step, 1000))));
        await sending;
        Assert.That(received[0].AsSpan().SequenceEqual(there));
        Assert.That(received[1].AsSpan().SequenceEqual(back));
    }

    [Test]
    public async Task SlowReader_SenderIsHeldBackAtOneRecord()
    {
        var (sockets, client, server) = await ConnectAsync();
        using var closing = sockets;
        var data = new byte[1 << 20];
        var taken = await _near.RunAsync(() =>
        {
            var all = 0L;
            for (int sent; (sent = client.TrySend(data)) > 0;) all += sent;
            return Task.FromResult(all);
        });
        Assert.That(taken, Is.LessThan(64L << 20), "the socket's buffers, and one record");
        var received = await server.Loop.RunAsync(() => ReceiveAsync(server, (int)taken, 1 << 16));
        Assert.That(received, Has.Length.EqualTo(taken), "what was taken goes out by itself");
        await _near.RunAsync(() => client.WaitWritableAsync().AsTask());
    }

    [Test]
    public async Task HeadAndBody_ArriveAfterEachOther([Values(0, 1, 5, 16_384)] int head, [Values(0, 3, 16_380, 40_000)] int body)
    {
        var (sockets, client, server) = await ConnectAsync();
        using var closing = sockets;
        var (first, second) = (RandomNumberGenerator.GetBytes(head), RandomNumberGenerator.GetBytes(body));
        await _near.RunAsync(async () =>
        {
            var sent = 0;
            do
            {
                var now = client.TrySend(sent < head ? first.AsSpan(sent) : default, sent < head ? second : second.AsSpan(sent - head));
                if (now == ITransport.WouldBlock) await client.WaitWritableAsync();
                else sent += now;
            }
            while (sent < head + body);
        });
        var received = await server.Loop.RunAsync(() => ReceiveAsync(server, head + body, 1 << 16));
        Assert.That(received, Is.EqualTo((byte[])[.. first, .. second]));
    }

    [Test]
    public async Task InterruptedWait_LosesNothing()
    {
        var (sockets, client, server) = await ConnectAsync();
        using var closing = sockets;
        var interrupted = await server.Loop.RunAsync(async () =>
        {
            var waiting = server.WaitReadableAsync().AsTask();
            server.InterruptRead();
            return await waiting;
        });
        Assert.That(interrupted, Is.False);
        await _near.RunAsync(() => SendAsync(client, "hello"u8.ToArray(), 5));
        Assert.That(await server.Loop.RunAsync(() => ReceiveAsync(server, 5, 100)), Is.EqualTo("hello"u8.ToArray()));
    }

    [Test]
    public async Task Disposed_PeerSeesTheEnd()
    {
        var (sockets, client, server) = await ConnectAsync();
        using var closing = sockets;
        client.Dispose();
        var end = await server.Loop.RunAsync(async () =>
        {
            await server.WaitReadableAsync();
            return server.TryReceive(new byte[10]);
        });
        Assert.That(end, Is.Zero);
    }

    [Test]
    public async Task Aborted_WhoWaitsIsTold()
    {
        var (sockets, client, _) = await ConnectAsync();
        using var closing = sockets;
        var waiting = _near.RunAsync(() => client.WaitReadableAsync().AsTask());
        client.Abort();
        Assert.That(async () => await waiting, Throws.TypeOf<ConnectionLostException>());
        Assert.That(async () => await _near.RunAsync(() => Task.FromResult(client.TrySend([1]))), Throws.TypeOf<ConnectionLostException>());
    }

    [Test]
    public async Task PeerThatGoesWhileNobodyReads_IsTold()
    {
        var (sockets, client, server) = await ConnectAsync();
        using var closing = sockets;
        var told = new HangupNote();
        await server.Loop.RunAsync(async () =>
        {
            var waiting = server.WaitReadableAsync().AsTask();
            server.InterruptRead();
            await waiting;
            server.HangupObserver = told;
        });
        client.Dispose();
        Assert.That(await told.Told.Task.WaitAsync(TimeSpan.FromSeconds(30)), Is.SameAs(server));
    }

    [Test]
    public async Task Handshake_WithNonsense_IsALostConnection()
    {
        using var pair = await SocketPair.CreateAsync(_near, _far);
        // No record, of whatever version; a random beginning could be that of one which is longer.
        byte[] nonsense = [0, 0, 0xff, 0xff, 0xff, .. RandomNumberGenerator.GetBytes(495)];
        await _near.RunAsync(() => pair.Near.SendAsync(nonsense).AsTask());
        Assert.That(async () => await pair.Far.Loop.RunAsync(() => TlsTransport.AcceptAsync(pair.Far, [], _ => ServerOptions())), Throws.TypeOf<ConnectionLostException>());
    }

    [Test]
    public async Task Handshake_PeerThatGoes_IsALostConnection()
    {
        using var pair = await SocketPair.CreateAsync(_near, _far);
        var accepting = pair.Far.Loop.RunAsync(() => TlsTransport.AcceptAsync(pair.Far, [], _ => ServerOptions()));
        pair.Near.Dispose();
        Assert.That(async () => await accepting, Throws.TypeOf<ConnectionLostException>());
    }

    [Test]
    public async Task Handshake_LoopThatEnds_IsALostConnection()
    {
        using var pair = await SocketPair.CreateAsync(_near, _far);
        await using var stream = new TlsSocketStream(pair.Near, []);
        _near.Dispose();
        Assert.That(async () => await stream.WriteAsync(new byte[] { 1 }).AsTask().WaitAsync(TimeSpan.FromSeconds(20)), Throws.TypeOf<ConnectionLostException>());
    }

    [Test]
    public async Task Drained_WhatWasTakenIsWithTheKernel()
    {
        // From the server, which has nothing to read: a socket that is closed over unread bytes resets the connection, and a client has tickets to read.
        var (sockets, client, server) = await ConnectAsync();
        using var closing = sockets;
        var (taken, draining) = await server.Loop.RunAsync(() =>
        {
            var (data, all) = (new byte[1 << 20], 0L);
            while (true)
            {
                for (int sent; (sent = server.TrySend(data)) > 0;) all += sent;
                // The kernel may have passed on what it had, and taken the rest: then there is room for more.
                if (server.DrainAsync().AsTask() is { IsCompleted: false } pending) return Task.FromResult((all, pending));
            }
        });
        var receiving = _near.RunAsync(() => ReceiveAsync(client, (int)taken + 1, 1 << 16));
        await draining;
        server.Dispose();
        Assert.That(await receiving, Has.Length.EqualTo(taken));
    }

    [Test]
    public async Task Garbage_AfterTheHandshake_IsALostConnection()
    {
        var (sockets, client, server) = await ConnectAsync();
        using var closing = sockets;
        await _near.RunAsync(() => sockets.Near.SendAsync(new byte[] { 23, 3, 3, 0, 40 }.Concat(RandomNumberGenerator.GetBytes(40)).ToArray()).AsTask());
        Assert.That(async () => await server.Loop.RunAsync(() => ReceiveAsync(server, 1, 10)), Throws.TypeOf<ConnectionLostException>());
        client.Dispose();
    }

    [Test]
    public async Task Handshake_WhatHadArrivedBefore_CountsAsTheBeginning()
    {
        using var pair = await SocketPair.CreateAsync(_near, _far);
        var connecting = _near.RunAsync(() => TlsTransport.ConnectAsync(pair.Near, [], ClientOptions()));
        var server = await pair.Far.Loop.RunAsync(async () =>
        {
            var first = new byte[3];
            var count = await pair.Far.ReceiveAsync(first);
            return await TlsTransport.AcceptAsync(pair.Far, first[..count], _ => ServerOptions());
        });
        var client = await connecting;
        Assert.That(client.Cipher, Does.StartWith("Tls1").And.EqualTo(server.Cipher));
    }

    private async Task<(SocketPair Sockets, TlsTransport Client, TlsTransport Server)> ConnectAsync()
    {
        var pair = await SocketPair.CreateAsync(_near, _far);
        var accepting = pair.Far.Loop.RunAsync(() => TlsTransport.AcceptAsync(pair.Far, [], _ => ServerOptions()));
        var client = await _near.RunAsync(() => TlsTransport.ConnectAsync(pair.Near, [], ClientOptions()));
        return (pair, client, await accepting);
    }

    private SslServerAuthenticationOptions ServerOptions() => new() { ServerCertificate = _certificate };

    private static SslClientAuthenticationOptions ClientOptions() => new() { TargetHost = "localhost", RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null };

    private static async Task SendAsync(TlsTransport transport, byte[] data, int step)
    {
        for (var at = 0; at < data.Length;)
        {
            var sent = transport.TrySend(data.AsSpan(at, Math.Min(step, data.Length - at)));
            if (sent == ITransport.WouldBlock) await transport.WaitWritableAsync();
            else at += sent;
        }
    }

    private static async Task<byte[]> ReceiveAsync(TlsTransport transport, int length, int step)
    {
        var data = new byte[length];
        for (var at = 0; at < length;)
        {
            var received = transport.TryReceive(data.AsSpan(at, Math.Min(step, length - at)));
            if (received == 0) return data[..at];
            if (received == ITransport.WouldBlock) await transport.WaitReadableAsync();
            else at += received;
        }
        return data;
    }

    private sealed class HangupNote : IHangupObserver
    {
        public TaskCompletionSource<ITransport> Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void OnPeerClosed(ITransport transport) => Told.TrySetResult(transport);
    }
}
