namespace Serverless.Host.Compute;

/// <summary>A compute cannot be used as it was configured or found. The message is for the user: what was expected, what was found, what to do.</summary>
public sealed class ComputeException : Exception
{
    public ComputeException(string message) : base(message) { }

    public ComputeException(string message, Exception inner) : base(message, inner) { }
}
