namespace Serverless.Host.Mysql;

/// <summary>Bytes of a peer that are no valid packet. The message says which packet, where in it, what was expected and what was found.</summary>
public sealed class MalformedPacketException : IOException
{
    public MalformedPacketException() : base("Malformed packet.") { }

    public MalformedPacketException(string message) : base(message) { }

    public MalformedPacketException(string message, Exception inner) : base(message, inner) { }

    public MalformedPacketException(string packet, int position, string problem) : base($"Malformed {packet} packet at byte {position}: {problem}.") { }
}
