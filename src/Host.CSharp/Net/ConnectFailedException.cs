namespace Serverless.Host.Net;

/// <summary>A connection could not be made. The message names the address and the reason.</summary>
public sealed class ConnectFailedException : IOException
{
    public ConnectFailedException() : base("The connection could not be made.") { }

    public ConnectFailedException(string message) : base(message) { }

    public ConnectFailedException(string message, Exception inner) : base(message, inner) { }

    internal ConnectFailedException(string address, int error) : base($"Cannot connect to {address}: {Native.Describe(error)}.") { }
}
