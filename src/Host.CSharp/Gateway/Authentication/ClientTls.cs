namespace Serverless.Host.Gateway.Authentication;

/// <summary>TLS to the clients of one listener.</summary>
/// <param name="Certificate">Null: no TLS is offered.</param>
/// <param name="Required">Clients that come over a network without TLS are refused, as by the engine's require_secure_transport.</param>
public sealed record ClientTls(GatewayCertificate? Certificate, bool Required)
{
    public static ClientTls None { get; } = new(Certificate: null, Required: false);
}
