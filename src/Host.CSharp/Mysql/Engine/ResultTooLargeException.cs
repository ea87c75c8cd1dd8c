namespace Serverless.Host.Mysql;

/// <summary>An answer went beyond its <see cref="QueryLimits"/>. The connection is closed.</summary>
public sealed class ResultTooLargeException : IOException
{
    public ResultTooLargeException() : base("The result is too large.") { }

    public ResultTooLargeException(string message) : base(message) { }

    public ResultTooLargeException(string message, Exception inner) : base(message, inner) { }
}
