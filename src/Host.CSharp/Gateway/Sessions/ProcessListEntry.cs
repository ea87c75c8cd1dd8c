namespace Serverless.Host.Gateway.Sessions;

/// <summary>A session as the list of processes shows it.</summary>
/// <param name="BackendId">The server's number of its backend connection; 0: it has none, and the server knows nothing of it.</param>
/// <param name="Host">Where the client comes from, as the servers write it: a name or an address, and a port unless it came by a Unix socket.</param>
/// <param name="Seconds">How long it has been idle, or has waited.</param>
internal readonly record struct ProcessListEntry(uint Id, uint BackendId, string AccountUser, string User, string Host, string? Schema, bool Waits, long Seconds);
