using System.Text;
using Serverless.Host.Mysql;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>
/// A compute of the test's own: takes every login of `app`, answers every statement with OK, and lets a test step in. What its real counterpart does by chance
/// (die, or take long, in the middle of something) it does when told.
/// </summary>
internal sealed class ScriptedCompute : IDisposable
{
    private readonly ScriptedServer _server;

    /// <param name="stepIn">Sees each statement before it is answered. False: the connection is closed.</param>
    /// <param name="instead">Answers a statement in its own way, after which the connection is closed; null: that one is answered as usual.</param>
    /// <param name="full">For whom there is no connection left; null: nobody.</param>
    public ScriptedCompute(Func<string, Task<bool>> stepIn, Func<string, Func<PacketChannel, Task>?>? instead = null, string? full = null) =>
        _server = new ScriptedServer(channel => ServeAsync(channel, stepIn, instead, full));

    public BackendAddress Address => _server.Address;

    public void Dispose() => _server.Dispose();

    private static async Task ServeAsync(PacketChannel channel, Func<string, Task<bool>> stepIn, Func<string, Func<PacketChannel, Task>?>? instead, string? full)
    {
        if ((await ScriptedServer.GreetAsync(channel)).User == full)
        {
            channel.Append(new ErrPacket(ErrorCode.TooManyConnections, "Too many connections"));
            await channel.FlushAsync();
            return;
        }
        channel.Append(new OkPacket { Status = ServerStatus.AutoCommit });
        await channel.FlushAsync();
        while (true)
        {
            channel.Sequence = 0;
            var command = (await channel.ReadPacketAsync()).ToArray();
            if (command[0] == (byte)Command.Quit) return;
            var text = command[0] == (byte)Command.Query ? Encoding.UTF8.GetString(command.AsSpan(1)) : "";
            if (!await stepIn(text))
            {
                channel.Transport.Abort();
                return;
            }
            if (instead?.Invoke(text) is { } misbehave)
            {
                await misbehave(channel);
                return;
            }
            Answer(channel, text);
            await channel.FlushAsync();
        }
    }

    /// <summary>What a compute without data would answer, so that the gateway finds what it asks for.</summary>
    public static void Answer(PacketChannel channel, string text, string user = "app")
    {
        if (!text.StartsWith('S') || text.StartsWith("SET", StringComparison.Ordinal))
        {
            channel.Append(new OkPacket { Status = ServerStatus.AutoCommit });
            return;
        }
        // As many NULLs as are asked for, and the account where that is the question.
        var isIdentity = text.Contains("CURRENT_USER()", StringComparison.Ordinal);
        var isState = text.StartsWith("SELECT FOUND_ROWS()", StringComparison.Ordinal);
        string?[] row = isIdentity ? [Convert.ToHexString(Encoding.UTF8.GetBytes(user + "@%"))] : isState ? ["0", "0", null, "utf8mb4", "utf8mb4", null] : ["1"];
        var columns = new ColumnDefinition41[text.StartsWith("SHOW WARNINGS", StringComparison.Ordinal) ? 3 : row.Length];
        Array.Fill(columns, ColumnDefinition41.Text("c"));
        var writer = ResultSetWriter.Begin(channel, EngineLogin.DefaultCapabilities, ServerStatus.AutoCommit, columns);
        if (!text.StartsWith("SHOW", StringComparison.Ordinal) && !text.Contains("USER_VARIABLES", StringComparison.Ordinal)) writer.Row(row);
        writer.End(ServerStatus.AutoCommit);
    }
}
