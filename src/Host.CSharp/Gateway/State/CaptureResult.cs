namespace Serverless.Host.Gateway.State;

/// <summary>Null: the session's state is read and it can leave its backend. Otherwise what keeps it there; it stays attached and is as before.</summary>
public readonly record struct CaptureResult(PinReason? Pinned);

/// <summary>Null: the backend is as the session left the one before. Otherwise what could not be restored; the backend must not be used for this session.</summary>
/// <param name="Failed">In words, with the server's message.</param>
/// <param name="ErrorCode">The server's error code, 0 when there is none.</param>
/// <param name="SchemaIsGone">What failed is that the schema in use cannot be used any more.</param>
public readonly record struct RestoreResult(string? Failed, ushort ErrorCode, bool SchemaIsGone = false);
