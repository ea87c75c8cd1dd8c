using System.Text;

namespace Serverless.Host.Mysql;

/// <summary>Reads whole answers to text queries, within limits.</summary>
internal sealed class ResultReader(PacketChannel channel, Capabilities capabilities, QueryLimits limits)
{
    private int _rows;
    private long _bytes;

    /// <summary>All results of one COM_QUERY.</summary>
    public async Task<List<QueryResult>> ReadAllAsync()
    {
        var results = new List<QueryResult>();
        do results.Add(await ReadOneAsync());
        while (results[^1].Status.HasFlag(ServerStatus.MoreResults));
        return results;
    }

    private async Task<QueryResult> ReadOneAsync()
    {
        var first = await NextAsync();
        var header = first.IsEmpty ? -1 : first.Span[0];
        if (header == OkPacket.Header) return WithoutRows(first.Span);
        if (header == 0xfb) throw new MalformedPacketException("query answer", 0, "a result expected, a request for a local file found");
        var columns = new string[ResultSetHeader.Read(first.Span, capabilities).Columns];
        for (var i = 0; i < columns.Length; i++) columns[i] = ColumnDefinition41.Read((await NextAsync()).Span, capabilities).Name;
        if (!capabilities.HasFlag(Capabilities.DeprecateEof)) EofPacket.Read((await NextAsync()).Span);
        return await ReadRowsAsync(columns);
    }

    private async Task<QueryResult> ReadRowsAsync(string[] columns)
    {
        var rows = new List<string?[]>();
        while (true)
        {
            var packet = await NextAsync();
            if (IsEnd(packet.Span)) return WithRows(columns, rows, packet.Span);
            if (++_rows > limits.Rows) throw new ResultTooLargeException($"At most {limits.Rows} rows expected, more found.");
            rows.Add(TextRow.Read(packet.Span, columns.Length));
        }
    }

    /// <summary>The next packet that is neither an error nor a progress report.</summary>
    private async Task<ReadOnlyMemory<byte>> NextAsync()
    {
        while (true)
        {
            var packet = await channel.ReadPacketAsync(limits.Bytes);
            _bytes += packet.Length;
            if (_bytes > limits.Bytes) throw new ResultTooLargeException($"A result of at most {limits.Bytes} bytes expected, a larger one found.");
            if (packet.IsEmpty || packet.Span[0] != ErrPacket.Header) return packet;
            if (!ErrPacket.IsProgressReport(packet.Span)) throw new EngineErrorException(ErrPacket.Read(packet.Span));
        }
    }

    /// <summary>A row can begin with 0xfe too, but only when its first value is 16 MiB long.</summary>
    private bool IsEnd(ReadOnlySpan<byte> packet) => packet.Length > 0 && packet[0] == OkPacket.EndHeader
        && (capabilities.HasFlag(Capabilities.DeprecateEof) ? packet.Length < PacketHeader.MaxLength : EofPacket.IsOne(packet));

    private QueryResult WithoutRows(ReadOnlySpan<byte> packet)
    {
        var ok = OkPacket.Read(packet, capabilities);
        return new QueryResult([], [], ok.AffectedRows, ok.LastInsertId, ok.Warnings, ok.Status, Encoding.UTF8.GetString(ok.Info));
    }

    private QueryResult WithRows(string[] columns, List<string?[]> rows, ReadOnlySpan<byte> end)
    {
        if (!capabilities.HasFlag(Capabilities.DeprecateEof))
        {
            var eof = EofPacket.Read(end);
            return new QueryResult(columns, rows, 0, 0, eof.Warnings, eof.Status, "");
        }
        var ok = OkPacket.Read(end, capabilities);
        return new QueryResult(columns, rows, ok.AffectedRows, ok.LastInsertId, ok.Warnings, ok.Status, Encoding.UTF8.GetString(ok.Info));
    }
}
