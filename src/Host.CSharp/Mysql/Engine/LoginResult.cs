namespace Serverless.Host.Mysql;

/// <summary>A connection that has been logged in.</summary>
/// <param name="Capabilities">As both sides agreed.</param>
/// <param name="Status">Of the OK packet.</param>
/// <param name="SessionState">Of the OK packet, for <see cref="SessionTrackReader"/>; empty when there was none.</param>
public sealed record LoginResult(HandshakeV10 Greeting, Capabilities Capabilities, ServerStatus Status, ReadOnlyMemory<byte> SessionState);
