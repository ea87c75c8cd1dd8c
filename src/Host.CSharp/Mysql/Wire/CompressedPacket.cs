using System.Buffers.Binary;
using System.IO.Compression;

namespace Serverless.Host.Mysql;

/// <summary>
/// One packet of the compressed protocol: length of what follows (3 bytes), sequence number (1), length before compression (3; 0: it is not compressed),
/// then the bytes. Source: MySQL Source Code Documentation, "Compressed Packet".
/// </summary>
internal readonly record struct CompressedPacket(int Length, byte Sequence, int PlainLength)
{
    public const int HeaderSize = 7;

    /// <summary>Shorter ones are left as they are, as the servers do (MIN_COMPRESS_LENGTH).</summary>
    private const int ShortestCompressed = 50;

    public static bool TryRead(ReadOnlySpan<byte> bytes, out CompressedPacket header)
    {
        header = default;
        if (bytes.Length < HeaderSize) return false;
        header = new CompressedPacket(BinaryPrimitives.ReadInt32LittleEndian(bytes) & 0xffffff, bytes[3], BinaryPrimitives.ReadInt32LittleEndian(bytes[3..]) >>> 8);
        return true;
    }

    /// <summary>
    /// Room that writing a packet of so many plain bytes takes at the most, also where it is found not to shrink: the quickest level may take nine bits for eight.
    /// Source: zlib-ng, `DEFLATE_QUICK_OVERHEAD`, which .NET's zlib is.
    /// </summary>
    public static int Bound(int plainLength) => HeaderSize + plainLength + (plainLength / 8) + 64;

    /// <summary>Writes a packet, compressed where that makes it shorter, and returns its length.</summary>
    /// <param name="target">As long as <see cref="Bound"/> says.</param>
    public static int Write(byte[] target, byte sequence, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var plain = first.Length + second.Length;
        var length = plain < ShortestCompressed ? plain : Compress(target, first, second);
        var isCompressed = length < plain;
        if (!isCompressed)
        {
            length = plain;
            first.CopyTo(target.AsSpan(HeaderSize));
            second.CopyTo(target.AsSpan(HeaderSize + first.Length));
        }
        BinaryPrimitives.WriteInt32LittleEndian(target, length | (sequence << 24));
        var before = isCompressed ? plain : 0;
        (target[4], target[5], target[6]) = ((byte)before, (byte)(before >> 8), (byte)(before >> 16));
        return HeaderSize + length;
    }

    /// <summary>Length of what is behind the header then; it may be more than before.</summary>
    private static int Compress(byte[] target, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        using var output = new MemoryStream(target);
        output.Position = HeaderSize;
        using (var zlib = new ZLibStream(output, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(first);
            zlib.Write(second);
        }
        return (int)output.Position - HeaderSize;
    }
}
