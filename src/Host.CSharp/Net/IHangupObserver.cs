namespace Serverless.Host.Net;

/// <summary>Wants to know when a connection ends while nothing is being read from it.</summary>
public interface IHangupObserver
{
    void OnPeerClosed(ITransport transport);
}
