using System.Buffers.Binary;
using System.Text;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>The binary protocol by hand: prepare and execute with one integer parameter, and read the answers to their end.</summary>
internal static class PreparedOverPackets
{
    public const byte LongLong = 8;
    public const byte VarString = 253;

    /// <summary>Prepares, and gives the statement's id.</summary>
    public static async Task<uint> PrepareAsync(this EngineClient client, string sql)
    {
        var first = await client.SendCommandAsync(Command.StmtPrepare, Encoding.UTF8.GetBytes(sql), default);
        ThrowOnError(first);
        var ok = StmtPrepareOk.Read(first, client.Login.Capabilities);
        var deprecated = client.Login.Capabilities.HasFlag(Capabilities.DeprecateEof);
        var more = ok.Parameters + ok.Columns + (deprecated ? 0 : (ok.Parameters > 0 ? 1 : 0) + (ok.Columns > 0 ? 1 : 0));
        for (var i = 0; i < more; i++) await client.ReadPacketAsync(default);
        return ok.StatementId;
    }

    /// <summary>Executes without parameters what has no rows.</summary>
    public static async Task ExecuteAsync(this EngineClient client, uint statement) =>
        ThrowOnError(await client.SendCommandAsync(Command.StmtExecute, (byte[])[.. Id(statement), 0, 1, 0, 0, 0], default));

    /// <summary>Executes with one parameter; gives the packets of the answer up to the end of the rows, without the columns.</summary>
    public static async Task<List<byte[]>> ExecuteAsync(this EngineClient client, uint statement, long parameter, bool withTypes, byte cursor = 0)
    {
        var body = new List<byte>(Id(statement)) { cursor, 1, 0, 0, 0, 0, withTypes ? (byte)1 : (byte)0 };
        if (withTypes) body.AddRange([LongLong, 0]);
        var value = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(value, parameter);
        body.AddRange(value);
        return await client.ReadRowsAsync(await client.SendCommandAsync(Command.StmtExecute, body.ToArray(), default));
    }

    /// <summary>Executes with the one parameter sent ahead as long data.</summary>
    public static async Task<List<byte[]>> ExecuteLongAsync(this EngineClient client, uint statement)
    {
        byte[] body = [.. Id(statement), 0, 1, 0, 0, 0, 0, 1, VarString, 0];
        return await client.ReadRowsAsync(await client.SendCommandAsync(Command.StmtExecute, body, default));
    }

    public static async Task<List<byte[]>> FetchAsync(this EngineClient client, uint statement, uint rows)
    {
        var packets = new List<byte[]> { await client.SendCommandAsync(Command.StmtFetch, (byte[])[.. Id(statement), .. Id(rows)], default) };
        await client.ReadToEndAsync(packets);
        return packets;
    }

    /// <summary>Sends a command that has no answer.</summary>
    public static Task SendAsync(this EngineClient client, Command command, params byte[] body) =>
        client.Channel.Loop.RunAsync(async () =>
        {
            client.Channel.Sequence = 0;
            client.Channel.Append([(byte)command, .. body]);
            await client.Channel.FlushAsync();
        });

    public static byte[] Id(uint id)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, id);
        return bytes;
    }

    /// <summary>First column of a binary row, as an integer.</summary>
    public static long Integer(byte[] row) => BinaryPrimitives.ReadInt64LittleEndian(row.AsSpan(2));

    private static async Task<List<byte[]>> ReadRowsAsync(this EngineClient client, byte[] first)
    {
        ThrowOnError(first);
        var packets = new List<byte[]>();
        if (first[0] == OkPacket.Header) return packets;
        var columns = first[0];
        for (var i = 0; i < columns; i++) await client.ReadPacketAsync(default);
        if (!client.Login.Capabilities.HasFlag(Capabilities.DeprecateEof))
        {
            var eof = EofPacket.Read(await client.ReadPacketAsync(default));
            if (eof.Status.HasFlag(ServerStatus.CursorExists)) return packets;
        }
        packets.Add(await client.ReadPacketAsync(default));
        await client.ReadToEndAsync(packets);
        return packets;
    }

    /// <summary>Reads up to the end of the rows, which is left out.</summary>
    private static async Task ReadToEndAsync(this EngineClient client, List<byte[]> packets)
    {
        while (packets[^1][0] != EofPacket.Header)
        {
            ThrowOnError(packets[^1]);
            packets.Add(await client.ReadPacketAsync(default));
        }
        packets.RemoveAt(packets.Count - 1);
    }

    private static void ThrowOnError(byte[] packet)
    {
        if (packet[0] != ErrPacket.Header) return;
        var error = ErrPacket.Read(packet);
        throw new EngineErrorException(error.Code, error.SqlState, error.Message);
    }
}
