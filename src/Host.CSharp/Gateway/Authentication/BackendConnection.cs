using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>A connection to the engine, logged in as a client's account.</summary>
/// <param name="ConnectionId">The engine's own number of it, for KILL.</param>
/// <param name="Capabilities">As agreed with the engine.</param>
/// <param name="Status">Of the engine's OK packet.</param>
/// <param name="SessionState">Of the engine's OK packet, for <see cref="SessionTrackReader"/>; empty when there was none.</param>
public sealed record BackendConnection(
    PacketChannel Channel, uint ConnectionId, Capabilities Capabilities, ServerStatus Status, ReadOnlyMemory<byte> SessionState);
