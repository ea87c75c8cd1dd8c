namespace Serverless.Host.Control;

/// <summary>A database cannot be taken under control; the message is for the user.</summary>
public sealed class DatabaseStartException : Exception
{
    public DatabaseStartException()
    {
    }

    public DatabaseStartException(string message)
        : base(message)
    {
    }

    public DatabaseStartException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
