using System.Net.Security;
using System.Security.Authentication;

namespace Serverless.Host.Mysql;

/// <summary>TLS to an engine.</summary>
/// <param name="Required">An engine that offers none is refused; otherwise it is spoken to without.</param>
/// <param name="Verify">Its certificate must be valid for the name and signed by somebody this machine trusts; otherwise it is taken as it is.</param>
/// <param name="HostName">The name that its certificate is to bear.</param>
public sealed record EngineTls(bool Required, bool Verify, string HostName)
{
    /// <summary>For an engine of this machine on a socket that only the gateway reaches: an account asks for TLS, and there is nobody to be unmasked.</summary>
    public static EngineTls OnOwnSocket { get; } = new(Required: true, Verify: false, "localhost");

    internal SslClientAuthenticationOptions Options => new()
    {
        TargetHost = HostName,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        AllowRenegotiation = false,
        RemoteCertificateValidationCallback = (_, _, _, problems) => problems == SslPolicyErrors.None || !Verify,
    };
}
