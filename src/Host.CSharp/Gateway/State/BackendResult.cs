using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>A column of a result as its definition packet gives it.</summary>
/// <param name="Type">MYSQL_TYPE_… number.</param>
/// <param name="Flags">Column flags (UNSIGNED_FLAG = 32, BINARY_FLAG = 128, …).</param>
/// <param name="Collation">Collation id.</param>
/// <param name="Length">Display length in bytes.</param>
public readonly record struct BackendColumn(string Name, byte Type, ushort Flags, ushort Collation, uint Length, byte Decimals);

/// <summary>The answer to one text-protocol statement: an error, an OK, or one result set.</summary>
public sealed class BackendResult
{
    /// <summary>0 when it did not fail.</summary>
    public ushort ErrorCode { get; init; }

    /// <summary>Five characters; null: the number's own.</summary>
    public string? SqlState { get; init; }

    /// <summary>The server's message when it failed, else empty.</summary>
    public string ErrorMessage { get; init; } = "";

    public ushort ServerStatus { get; init; }

    public ushort Warnings { get; init; }

    public ulong AffectedRows { get; init; }

    public IReadOnlyList<BackendColumn> Columns { get; init; } = [];

    /// <summary>Values as the text protocol gives them; null is NULL.</summary>
    public IReadOnlyList<byte[]?[]> Rows { get; init; } = [];

    public bool Failed => ErrorCode != 0;

    /// <summary>Of a result that failed: the error as the server gave it.</summary>
    public ErrPacket ToError() => SqlState is { } state ? new ErrPacket(ErrorCode, state, ErrorMessage) : new ErrPacket(ErrorCode, ErrorMessage);
}
