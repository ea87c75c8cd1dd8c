using System.Buffers.Binary;
using System.Text;

namespace Serverless.Tests.Integration.Fuzz;

/// <summary>Writes packets by hand: their parts without the checks that the host's own writer makes.</summary>
internal sealed class Packets(byte sequence)
{
    private readonly List<byte> _bytes = [];
    private byte _sequence = sequence;

    public byte[] Written => [.. _bytes];

    public static byte[] Number(ulong value)
    {
        var bytes = new byte[9];
        switch (value)
        {
            case < 0xfb:
                return [(byte)value];
            case <= 0xffff:
                bytes[0] = 0xfc;
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(1), (ushort)value);
                return bytes[..3];
            case <= 0xffffff:
                bytes[0] = 0xfd;
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(1), (uint)value);
                return bytes[..4];
            default:
                bytes[0] = 0xfe;
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(1), value);
                return bytes;
        }
    }

    public static byte[] Text(string text) => Text(Encoding.UTF8.GetBytes(text));

    public static byte[] Text(byte[] text) => [.. Number((ulong)text.Length), .. text];

    public static byte[] Fixed(int length, ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes[..length];
    }

    public Packets Add(params byte[] payload)
    {
        _bytes.AddRange([.. Fixed(3, (ulong)payload.Length), _sequence++]);
        _bytes.AddRange(payload);
        return this;
    }
}
