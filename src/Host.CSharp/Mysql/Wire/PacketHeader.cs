namespace Serverless.Host.Mysql;

/// <summary>
/// The four bytes before each payload: length (3 bytes, little endian) and sequence number. A payload of 0xffffff bytes is continued by the
/// next packet, and one that ends exactly there is followed by an empty packet.
/// Source: MySQL Source Code Documentation, "MySQL Packets".
/// </summary>
public readonly record struct PacketHeader(int Length, byte Sequence)
{
    public const int Size = 4;

    public const int MaxLength = 0xffffff;

    /// <summary>The payload goes on in the next packet.</summary>
    public bool IsContinued => Length == MaxLength;

    /// <summary>False when fewer than four bytes are there.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out PacketHeader header)
    {
        if (bytes.Length < Size)
        {
            header = default;
            return false;
        }
        header = new PacketHeader(bytes[0] | (bytes[1] << 8) | (bytes[2] << 16), bytes[3]);
        return true;
    }

    public void Write(Span<byte> destination)
    {
        destination[3] = Sequence;
        destination[0] = (byte)Length;
        destination[1] = (byte)(Length >> 8);
        destination[2] = (byte)(Length >> 16);
    }
}
