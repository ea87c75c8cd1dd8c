namespace Serverless.Host.Control;

/// <summary>A database that could not be opened when the gateway started, and is tried again while the others serve.</summary>
/// <param name="Since">Since when it is tried.</param>
/// <param name="Reason">Why the last attempt failed.</param>
internal sealed record LateDatabase(string Name, DateTimeOffset Since, string Reason);
