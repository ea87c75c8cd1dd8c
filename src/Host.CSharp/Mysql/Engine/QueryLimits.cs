namespace Serverless.Host.Mysql;

/// <summary>How much of a result is taken at most. Beyond it the query fails and its connection is closed.</summary>
/// <param name="Rows">Rows of all results of one call.</param>
/// <param name="Bytes">Bytes of all packets of one call, and of any one packet.</param>
public sealed record QueryLimits(int Rows, int Bytes)
{
    public static QueryLimits Default { get; } = new(100_000, 32 * 1024 * 1024);
}
