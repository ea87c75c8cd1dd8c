using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Mysql;

namespace Serverless.Tests.Integration.Fuzz;

/// <summary>A client that logs in and then says what the dice tell it, whole or broken, and goes away in one of the ways that clients do.</summary>
internal static class FuzzClient
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(20);

    /// <param name="breaks">Of ten commands so many are broken on their way.</param>
    public static async Task RunAsync(EventLoop loop, EngineLogin login, Random random, int breaks)
    {
        await loop.SwitchTo();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        EngineClient client;
        try
        {
            client = await EngineClient.ConnectAsync(loop, login, limit.Token);
        }
        catch (Exception refused) when (refused is EngineErrorException or IOException or LoginFailedException or OperationCanceledException)
        {
            // It is the other side's turn to do wrong.
            return;
        }
        await TalkAsync(client.Channel, random, breaks);
        if (random.Next(2) == 0) client.Abort();
        await client.DisposeAsync();
    }

    /// <summary>A login whose bytes are broken, on a connection of its own.</summary>
    public static async Task LogInAsync(EventLoop loop, BackendAddress front, string user, Random random)
    {
        await loop.SwitchTo();
        using var channel = new PacketChannel(await LoopSocket.ConnectTcpAsync(loop, front.Tcp!, CancellationToken.None));
        byte[] payload = Payload.Of(new HandshakeResponse41(
            EngineLogin.DefaultCapabilities, 1 << 24, CollationId.Utf8Mb4GeneralCi, user, new byte[20], "mysql", AuthPlugins.NativePassword, [new("_client_name", "fuzz"), new("a", "b")]));
        var answers = Answers.Of(channel);
        await answers.WaitAsync(TimeSpan.FromSeconds(5));
        try
        {
            await SendAsync(channel, Mutation.Of(random, new Packets(sequence: 1).Add(payload).Add([3, .. "SELECT 1"u8]).Written), random);
            await answers.WaitAsync(s_patience);
        }
        catch (ConnectionLostException)
        {
            // It was shown the door.
        }
        channel.Transport.Abort();
        await answers.Ended;
    }

    private static async Task TalkAsync(PacketChannel channel, Random random, int breaks)
    {
        var answers = Answers.Of(channel);
        try
        {
            for (var commands = random.Next(1, 9); commands > 0; commands--)
            {
                var bytes = ClientGrammar.Draw(random);
                await SendAsync(channel, random.Next(10) < breaks ? Mutation.Of(random, bytes) : bytes, random);
                // Who does not wait for the answer sends the next command right behind.
                if (random.Next(4) != 0) await answers.WaitAsync(s_patience);
            }
        }
        catch (ConnectionLostException)
        {
            // It was shown the door.
        }
        if (random.Next(4) == 0) return;
        channel.Transport.Abort();
        await answers.Ended;
    }

    /// <summary>In one piece, or in several.</summary>
    private static async Task SendAsync(PacketChannel channel, ReadOnlyMemory<byte> bytes, Random random)
    {
        while (bytes.Length > 0)
        {
            var piece = random.Next(3) == 0 ? random.Next(1, bytes.Length + 1) : bytes.Length;
            var sent = channel.Transport.TrySend(bytes.Span[..piece]);
            if (sent == ITransport.WouldBlock) await channel.Transport.WaitWritableAsync();
            else bytes = bytes[sent..];
        }
    }

    /// <summary>Reads all that comes, and tells when something did.</summary>
    private sealed class Answers
    {
        private readonly SemaphoreSlim _came = new(0);

        private Answers(PacketChannel channel) => Ended = ReadAsync(channel);

        public Task Ended { get; }

        public static Answers Of(PacketChannel channel) => new(channel);

        public Task<bool> WaitAsync(TimeSpan patience) => _came.WaitAsync(patience);

        private async Task ReadAsync(PacketChannel channel)
        {
            try
            {
                while (await channel.FillAsync())
                {
                    channel.Advance(channel.Buffered.Length);
                    _came.Release();
                }
            }
            catch (Exception over) when (over is IOException or ObjectDisposedException)
            {
                // So it ends.
            }
            _came.Release();
        }
    }
}
