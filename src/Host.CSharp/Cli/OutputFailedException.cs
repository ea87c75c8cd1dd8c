namespace Serverless.Host.Cli;

/// <summary>A command's output cannot be written. It is no <see cref="IOException"/>, so that nobody takes it for one of a file that is read.</summary>
public sealed class OutputFailedException : Exception
{
    public OutputFailedException()
    {
    }

    public OutputFailedException(string message)
        : base(message)
    {
    }

    public OutputFailedException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
