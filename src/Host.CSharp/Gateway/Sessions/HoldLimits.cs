namespace Serverless.Host.Gateway.Sessions;

/// <summary>Bounds on statements that wait for a compute, of one database or of all together.</summary>
/// <param name="Statements">Most statements that wait at a time.</param>
/// <param name="Bytes">Most bytes of memory that their texts take.</param>
/// <param name="Time">Longest wait of one statement.</param>
public sealed record HoldLimits(int Statements, long Bytes, TimeSpan Time)
{
    public static HoldLimits PerDatabase { get; } = new(10_000, 64L << 20, TimeSpan.FromSeconds(60));

    public static HoldLimits InAll { get; } = new(50_000, 256L << 20, TimeSpan.FromSeconds(60));
}
