namespace Serverless.Host.Cli;

/// <summary>A command could not do what it was asked; the message is for the user, in one or two lines.</summary>
public sealed class CommandFailedException : Exception
{
    public CommandFailedException()
    {
    }

    public CommandFailedException(string message)
        : base(message)
    {
    }

    public CommandFailedException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
