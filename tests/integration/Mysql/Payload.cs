using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Mysql;

/// <summary>Payloads as bytes.</summary>
internal static class Payload
{
    public static byte[] Of<T>(in T packet) where T : IOutgoingPacket, allows ref struct
    {
        using var writer = new PacketWriter();
        packet.WriteTo(writer);
        return writer.Written.ToArray();
    }

    /// <summary>From hexadecimal digits; blanks do not count.</summary>
    public static byte[] Hex(string digits) => Convert.FromHexString(string.Concat(digits.Where(char.IsAsciiHexDigit)));
}
