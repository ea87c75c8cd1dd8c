namespace Serverless.Host.Gateway.State;

/// <summary>What a client may still ask about its last statement, as read before detaching. A server cannot be made to say it again.</summary>
/// <param name="FoundRows">FOUND_ROWS().</param>
/// <param name="RowCount">ROW_COUNT(): -1 after a result set or an error.</param>
/// <param name="Warnings">The rows of SHOW WARNINGS: level, code, message.</param>
internal sealed record LastStatement(ulong FoundRows, long RowCount, IReadOnlyList<StoredWarning> Warnings);

internal readonly record struct StoredWarning(byte[] Level, byte[] Code, byte[] Message);
