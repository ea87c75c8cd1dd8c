using Serverless.Host.Gateway.State;

namespace Serverless.Host.Gateway.Sharing;

/// <summary>A statement that is prepared on a backend connection, for every session that has prepared the same text under the same settings.</summary>
/// <param name="Settings">Those of the connection when it was prepared: they decide how its text was read and what its names mean.</param>
/// <param name="BackendId">The server's number of it.</param>
internal readonly record struct SharedStatement(byte[] Text, SettingsSignature Settings, uint BackendId);
