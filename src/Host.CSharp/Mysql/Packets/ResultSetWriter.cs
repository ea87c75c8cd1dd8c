namespace Serverless.Host.Mysql;

/// <summary>
/// Answers a text query from here: <see cref="Begin"/>, any number of <see cref="Row"/>, <see cref="End"/>; the channel is flushed by the caller.
/// Source: MySQL Source Code Documentation, "Text Resultset".
/// </summary>
public readonly struct ResultSetWriter
{
    private readonly PacketChannel _channel;
    private readonly Capabilities _capabilities;

    private ResultSetWriter(PacketChannel channel, Capabilities capabilities)
    {
        _channel = channel;
        _capabilities = capabilities;
    }

    /// <param name="capabilities">As negotiated with this client.</param>
    /// <param name="status">Status for the EOF packet after the columns, where there is one.</param>
    public static ResultSetWriter Begin(PacketChannel channel, Capabilities capabilities, ServerStatus status, params ReadOnlySpan<ColumnDefinition41> columns)
    {
        var output = channel.Output;
        output.Begin();
        new ResultSetHeader(columns.Length, HasMetadata: true).WriteTo(output, capabilities);
        channel.Sequence = output.End(channel.Sequence);
        foreach (var column in columns)
        {
            output.Begin();
            column.WriteTo(output, capabilities);
            channel.Sequence = output.End(channel.Sequence);
        }
        if (!capabilities.HasFlag(Capabilities.DeprecateEof)) channel.Append(new EofPacket(0, status));
        return new ResultSetWriter(channel, capabilities);
    }

    /// <summary>As many values as columns; null is NULL.</summary>
    public void Row(params ReadOnlySpan<string?> values)
    {
        _channel.Output.Begin();
        TextRow.Write(_channel.Output, values);
        _channel.Sequence = _channel.Output.End(_channel.Sequence);
    }

    /// <param name="sessionState">Changes for a client with session tracking; only an OK packet (DEPRECATE_EOF) can carry them.</param>
    public void End(ServerStatus status, ushort warnings = 0, ReadOnlySpan<byte> sessionState = default)
    {
        if (!_capabilities.HasFlag(Capabilities.DeprecateEof))
        {
            _channel.Append(new EofPacket(warnings, status));
            return;
        }
        var tracked = _capabilities.HasFlag(Capabilities.SessionTrack) ? sessionState : [];
        _channel.Append(new OkPacket { Status = status, Warnings = warnings, SessionState = tracked, EndsResultSet = true });
    }
}
