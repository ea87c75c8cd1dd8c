using System.Buffers;

namespace Serverless.Host.Net;

/// <summary>
/// Output of a layer that must hand over what it has made as a whole: what the transport below does not take at once is kept, and goes out by itself. Whoever
/// writes looks at <see cref="IsCongested"/> first, so that no more than one piece is ever kept. For the loop's thread only.
/// </summary>
internal sealed class KeptOutput(ITransport below)
{
    private byte[]? _kept;
    private int _start;
    private int _end;

    /// <summary>Told when what was kept has gone out (true) or never will (false).</summary>
    public Action<bool>? OnDrained { get; set; }

    /// <summary>Bytes wait here for the transport below.</summary>
    public bool IsCongested => _kept is not null;

    /// <exception cref="ConnectionLostException">The connection is broken.</exception>
    public void Write(ReadOnlySpan<byte> data)
    {
        if (!IsCongested)
        {
            var sent = below.TrySend(data);
            if (sent > 0) data = data[sent..];
            if (data.IsEmpty) return;
        }
        Keep(data);
    }

    private void Keep(ReadOnlySpan<byte> rest)
    {
        var isFirst = _kept is null;
        var length = _end - _start;
        if (_kept is null || _kept.Length - _end < rest.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(length + rest.Length);
            _kept.AsSpan(_start, length).CopyTo(larger);
            if (_kept is not null) ArrayPool<byte>.Shared.Return(_kept);
            (_kept, _start, _end) = (larger, 0, length);
        }
        rest.CopyTo(_kept.AsSpan(_end));
        _end += rest.Length;
        if (isFirst) _ = DrainAsync();
    }

    // Never throws: nobody awaits it. Who writes next finds out that the connection is lost.
    private async Task DrainAsync()
    {
        var drained = false;
        try
        {
            while (_start < _end)
            {
                await below.WaitWritableAsync().ConfigureAwait(false);
                var sent = below.TrySend(_kept.AsSpan(_start, _end - _start));
                if (sent > 0) _start += sent;
            }
            drained = true;
        }
        catch (ConnectionLostException)
        {
            // Said by what comes next.
        }
        ArrayPool<byte>.Shared.Return(_kept!);
        (_kept, _start, _end) = (null, 0, 0);
        OnDrained?.Invoke(drained);
    }
}
