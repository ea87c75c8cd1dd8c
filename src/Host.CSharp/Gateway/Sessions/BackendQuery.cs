using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>Statements of our own on a session's backend connection, between two of the client's. Source: MySQL Source Code Documentation, "COM_QUERY".</summary>
/// <param name="capabilities">As agreed on with the server.</param>
/// <param name="connectionId">The server's own number of the connection.</param>
internal sealed class BackendQuery(PacketChannel backend, Capabilities capabilities, uint connectionId) : IBackendQuery
{
    public uint ConnectionId => connectionId;

    /// <summary>COM_RESET_CONNECTION goes ahead of the next statements, in their round trip.</summary>
    public bool ResetsFirst { get; set; }

    private bool DeprecatesEof => (capabilities & Capabilities.DeprecateEof) != 0;

    public async ValueTask<IReadOnlyList<BackendResult>> QueryAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> statements, int limitBytes, CancellationToken cancellation)
    {
        var resets = ResetsFirst;
        ResetsFirst = false;
        if (resets) AppendReset();
        foreach (var statement in statements) Append(statement.Span);
        await backend.FlushAsync();
        var results = new BackendResult[statements.Count];
        var budget = new Budget { Left = limitBytes };
        if (resets) await ReadResetAsync(budget);
        for (var i = 0; i < results.Length; i++)
        {
            backend.Sequence = 1;
            results[i] = await ReadResultAsync(budget);
            // The rest of its answer would be taken for that of a statement of the client's.
            if ((results[i].ServerStatus & (ushort)ServerStatus.MoreResults) != 0) throw new MalformedPacketException("One result expected, several found.");
        }
        return results;
    }

    private void AppendReset()
    {
        backend.Sequence = 0;
        backend.Append([(byte)Command.ResetConnection]);
    }

    private async ValueTask ReadResetAsync(Budget budget)
    {
        backend.Sequence = 1;
        var result = await ReadResultAsync(budget);
        if (result.Failed) throw new MalformedPacketException($"An OK expected in answer to COM_RESET_CONNECTION, an error found: {result.ErrorMessage}");
    }

    private void Append(ReadOnlySpan<byte> statement)
    {
        backend.Sequence = 0;
        var output = backend.Output;
        output.Begin();
        output.UInt8((byte)Command.Query);
        if ((capabilities & Capabilities.QueryAttributes) != 0)
        {
            // No attributes, in their one set.
            output.UInt8(0);
            output.UInt8(1);
        }
        output.Bytes(statement);
        output.End(0);
    }

    private async ValueTask<BackendResult> ReadResultAsync(Budget budget)
    {
        var first = await ReadAsync(budget);
        switch (first.Span[0])
        {
            case OkPacket.Header:
                var ok = OkPacket.Read(first.Span, capabilities);
                return new BackendResult { ServerStatus = (ushort)ok.Status, Warnings = ok.Warnings, AffectedRows = ok.AffectedRows };
            case ErrPacket.Header:
                return Failed(first.Span);
            default:
                return await ReadRowsAsync(first, budget);
        }
    }

    private async ValueTask<BackendResult> ReadRowsAsync(ReadOnlyMemory<byte> first, Budget budget)
    {
        var header = ResultSetHeader.Read(first.Span, capabilities);
        var columns = new BackendColumn[header.Columns];
        for (var i = 0; i < columns.Length; i++)
        {
            var column = ColumnDefinition41.Read((await ReadAsync(budget)).Span, capabilities);
            columns[i] = new BackendColumn(column.Name, (byte)column.Type, (ushort)column.Flags, column.CollationId, column.Length, column.Decimals);
        }
        if (!DeprecatesEof) await ReadAsync(budget);
        var rows = new List<byte[]?[]>();
        while (true)
        {
            var packet = await ReadAsync(budget);
            if (packet.Span[0] == ErrPacket.Header) return Failed(packet.Span);
            if (IsEnd(packet.Span)) return End(columns, rows, packet.Span);
            rows.Add(ReadRow(packet.Span, columns.Length));
        }
    }

    private bool IsEnd(ReadOnlySpan<byte> packet) =>
        packet[0] == EofPacket.Header && (DeprecatesEof ? packet.Length < PacketHeader.MaxLength : packet.Length < 9);

    private BackendResult End(BackendColumn[] columns, List<byte[]?[]> rows, ReadOnlySpan<byte> packet)
    {
        if (DeprecatesEof)
        {
            var ok = OkPacket.Read(packet, capabilities);
            return new BackendResult { Columns = columns, Rows = rows, ServerStatus = (ushort)ok.Status, Warnings = ok.Warnings };
        }
        var eof = EofPacket.Read(packet);
        return new BackendResult { Columns = columns, Rows = rows, ServerStatus = (ushort)eof.Status, Warnings = eof.Warnings };
    }

    private static byte[]?[] ReadRow(ReadOnlySpan<byte> packet, int columns)
    {
        var reader = new PacketReader(packet, "row");
        var row = new byte[]?[columns];
        for (var i = 0; i < columns; i++) row[i] = TextRow.TryReadValue(ref reader, out var value) ? value.ToArray() : null;
        return row;
    }

    private static BackendResult Failed(ReadOnlySpan<byte> packet)
    {
        var error = ErrPacket.Read(packet);
        return new BackendResult { ErrorCode = error.Code, SqlState = error.SqlState, ErrorMessage = error.Message };
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReadAsync(Budget budget)
    {
        var packet = await backend.ReadPacketAsync(Math.Max(1, budget.Left));
        budget.Left -= packet.Length + PacketHeader.Size;
        if (packet.IsEmpty) throw new MalformedPacketException("A packet of a result expected, an empty one found.");
        return packet;
    }

    /// <summary>What may still be read, in bytes; shared by the results of one round trip.</summary>
    private sealed class Budget
    {
        public int Left { get; set; }
    }
}
