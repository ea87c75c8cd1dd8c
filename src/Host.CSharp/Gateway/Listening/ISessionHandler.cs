namespace Serverless.Host.Gateway.Listening;

/// <summary>What goes on with a client once it has proved who it is.</summary>
public interface ISessionHandler
{
    /// <summary>
    /// Serves the client until it goes away. Called on the loop of the client's channel, where it should stay. The client has not been
    /// told yet that it is in: an OK packet or an error packet with the channel's next sequence number is the first thing to send (so an
    /// unknown schema can still be refused). The listener closes the channel and gives back everything else when this returns or throws.
    /// </summary>
    /// <param name="cancellation">The gateway stops: end the session soon.</param>
    Task RunAsync(AuthenticatedClient client, CancellationToken cancellation);
}
