using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.State;

/// <summary>Pipelined statements over an engine client's channel, with whole column definitions.</summary>
internal sealed class TestBackend(EngineClient client) : IBackendQuery
{
    private readonly Capabilities _capabilities = client.Login.Capabilities;

    public uint ConnectionId => client.ConnectionId;

    /// <summary>Of the last OK packet.</summary>
    public ulong AffectedRows { get; private set; }

    public byte[] SessionTrack { get; private set; } = [];

    public IReadOnlyList<ColumnDefinition41> Definitions { get; private set; } = [];

    public async ValueTask<IReadOnlyList<BackendResult>> QueryAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> statements, int limitBytes, CancellationToken cancellation)
    {
        foreach (var statement in statements)
        {
            client.Channel.Sequence = 0;
            client.Channel.Append([(byte)Command.Query, .. statement.Span]);
        }
        await client.Channel.FlushAsync();
        var results = new List<BackendResult>();
        foreach (var _ in statements)
        {
            client.Channel.Sequence = 1;
            results.Add(await ReadAsync());
        }
        return results;
    }

    private async ValueTask<BackendResult> ReadAsync()
    {
        BackendResult result;
        ServerStatus status;
        do
        {
            (result, status) = await ReadOneAsync();
        }
        while (status.HasFlag(ServerStatus.MoreResults));
        return result;
    }

    private async ValueTask<(BackendResult Result, ServerStatus Status)> ReadOneAsync()
    {
        var first = await client.Channel.ReadPacketAsync(16 << 20);
        if (first.Span[0] == ErrPacket.Header) return (Failed(first.Span), ServerStatus.None);
        if (first.Span[0] == OkPacket.Header) return Ended(first.Span, [], []);
        var count = (int)ResultSetHeader.Read(first.Span, _capabilities).Columns;
        var definitions = new List<ColumnDefinition41>();
        for (var i = 0; i < count; i++) definitions.Add(ColumnDefinition41.Read((await client.Channel.ReadPacketAsync(1 << 20)).Span, _capabilities));
        Definitions = definitions;
        var rows = new List<byte[]?[]>();
        while (true)
        {
            var packet = await client.Channel.ReadPacketAsync(16 << 20);
            if (packet.Span[0] == ErrPacket.Header) return (Failed(packet.Span), ServerStatus.None);
            if (packet.Span[0] == OkPacket.EndHeader && packet.Length < PacketHeader.MaxLength) return Ended(packet.Span, definitions, rows);
            rows.Add(Row(packet.Span, count));
        }
    }

    private (BackendResult Result, ServerStatus Status) Ended(ReadOnlySpan<byte> packet, List<ColumnDefinition41> definitions, List<byte[]?[]> rows)
    {
        var ok = OkPacket.Read(packet, _capabilities);
        AffectedRows = ok.AffectedRows;
        SessionTrack = ok.SessionState.ToArray();
        var columns = definitions.Select(d => new BackendColumn(d.Name, (byte)d.Type, (ushort)d.Flags, d.CollationId, d.Length, d.Decimals)).ToArray();
        return (new BackendResult { ServerStatus = (ushort)ok.Status, Warnings = ok.Warnings, Columns = columns, Rows = rows }, ok.Status);
    }

    private static BackendResult Failed(ReadOnlySpan<byte> packet)
    {
        var error = ErrPacket.Read(packet);
        return new BackendResult { ErrorCode = error.Code, ErrorMessage = error.Message };
    }

    private static byte[]?[] Row(ReadOnlySpan<byte> packet, int columns)
    {
        var reader = new PacketReader(packet, "row");
        var row = new byte[]?[columns];
        for (var i = 0; i < columns; i++) row[i] = TextRow.TryReadValue(ref reader, out var value) ? value.ToArray() : null;
        return row;
    }
}
