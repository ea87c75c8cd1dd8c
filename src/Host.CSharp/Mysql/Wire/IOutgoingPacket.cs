namespace Serverless.Host.Mysql;

/// <summary>A packet that can write its payload.</summary>
public interface IOutgoingPacket
{
    void WriteTo(PacketWriter writer);
}
