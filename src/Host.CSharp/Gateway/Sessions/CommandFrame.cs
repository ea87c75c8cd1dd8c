using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>The command that stands at the beginning of the client's buffer.</summary>
/// <param name="Length">Payload of its first packet, in bytes.</param>
/// <param name="Whole">All of it is in the buffer. Otherwise only its beginning is, and the rest is passed on as it comes.</param>
internal readonly record struct CommandFrame(Command Code, int Length, bool Whole)
{
    /// <summary>Commands up to this are received before anything is done with them.</summary>
    public const int AlwaysWhole = 64 << 10;

    /// <summary>What must be there of a longer one.</summary>
    public const int Beginning = 16 << 10;

    /// <summary>The first packet, header included.</summary>
    public int Total => PacketHeader.Size + Length;

    public bool IsContinued => Length == PacketHeader.MaxLength;
}
