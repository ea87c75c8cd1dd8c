namespace Serverless.Host.Compute.Engine;

/// <summary>A statement of the gateway's own was refused, or got no answer.</summary>
public sealed class EngineSqlException : Exception
{
    public EngineSqlException(string message, int? code = null, Exception? inner = null) : base(message, inner) => Code = code;

    /// <summary>The engine's error number; null: there was no answer.</summary>
    public int? Code { get; }

    /// <summary>The time for it was over; the engine may work on it yet.</summary>
    public bool IsLate { get; init; }
}
