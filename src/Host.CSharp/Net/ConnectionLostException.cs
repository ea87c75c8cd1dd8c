namespace Serverless.Host.Net;

/// <summary>The connection ended or was ended: by the peer, by the network, or by <see cref="LoopSocket.Abort"/>.</summary>
public sealed class ConnectionLostException : IOException
{
    public ConnectionLostException() : base("The connection was lost.") { }

    public ConnectionLostException(string message) : base(message) { }

    public ConnectionLostException(string message, Exception inner) : base(message, inner) { }
}
