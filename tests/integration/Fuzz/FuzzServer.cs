using System.Text;
using Serverless.Host.Mysql;
using Serverless.Tests.Integration.Mysql;
using Serverless.Tests.Integration.Sessions;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Fuzz;

/// <summary>A server that lets everybody in and answers what the dice tell it, whole or broken; but the user `plain` as it should, so that he can tell whether all is well.</summary>
internal sealed class FuzzServer : IDisposable
{
    private readonly ScriptedServer _server;
    private int _connections;

    public FuzzServer() => _server = new ScriptedServer(ServeAsync);

    public BackendAddress Address => _server.Address;

    /// <summary>From here on the dice fall as they do after this number. Null: it greets everybody as it should, since it does not know yet who comes.</summary>
    public int? Seed
    {
        get;
        set
        {
            field = value;
            Volatile.Write(ref _connections, 0);
        }
    }

    public void Dispose() => _server.Dispose();

    private async Task ServeAsync(PacketChannel channel)
    {
        var greetsWell = Seed is null;
        var random = new Random(unchecked((Seed ?? 0) + Interlocked.Increment(ref _connections)));
        if (!greetsWell && random.Next(40) == 0)
        {
            Send(channel, Mutation.Of(random, new Packets(sequence: 0).Add(Payload.Of(ScriptedServer.Greeting)).Written));
            return;
        }
        var user = (await ScriptedServer.GreetAsync(channel)).User;
        var isSane = user == "plain";
        if (!isSane && random.Next(40) == 0) Send(channel, ServerGrammar.Answer(random));
        channel.Append(new OkPacket { Status = ServerStatus.AutoCommit });
        await channel.FlushAsync();
        while (true)
        {
            channel.Sequence = 0;
            channel.AnySequence = true;
            var command = (await channel.ReadPacketAsync(1 << 24)).ToArray();
            if (command is [] or [(byte)Command.Quit, ..]) return;
            var text = command[0] == (byte)Command.Query ? Encoding.UTF8.GetString(command.AsSpan(1)) : "";
            var isOwn = text.Length > 0 && !ClientGrammar.Knows(text);
            if (isSane || (isOwn && random.Next(10) != 0))
            {
                ScriptedCompute.Answer(channel, text, user);
                await channel.FlushAsync();
                continue;
            }
            if (random.Next(30) == 0) channel.Transport.Abort();
            if (random.Next(30) == 0) continue;
            var answer = ServerGrammar.Answer(random);
            Send(channel, random.Next(3) == 0 ? Mutation.Of(random, answer) : answer);
        }
    }

    /// <summary>What does not go out at once is lost, as on a line that is cut.</summary>
    private static void Send(PacketChannel channel, byte[] bytes) => channel.Transport.TrySend(bytes);
}
