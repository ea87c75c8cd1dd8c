namespace Serverless.Host.Net;

/// <summary>Room for accepted connections. Asked on the listener's loop, before a connection is handed to another; given back from any.</summary>
public interface IConnectionPlaces
{
    /// <summary>False: there is no room, and the connection is refused. A place that was taken is given back by whoever closes the connection.</summary>
    bool TryTake();

    /// <summary>A connection that had a place could not be handed over.</summary>
    void Return();
}
