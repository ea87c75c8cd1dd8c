using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Serverless.Host.Net.Tls;

/// <summary>A certificate for a server that was given none: it encrypts, and lets nobody be sure whom they talk to, as the ones that servers make for themselves.</summary>
public static class SelfSignedCertificate
{
    private static readonly TimeSpan s_lifetime = TimeSpan.FromDays(3650);

    /// <summary>Makes a key (ECDSA on P-256, cheap in handshakes) and a certificate of it, as PEM texts.</summary>
    /// <param name="name">Common name.</param>
    public static (string Certificate, string Key) Make(string name, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(name);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        names.AddIpAddress(System.Net.IPAddress.IPv6Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        // A client's clock may be behind.
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now + s_lifetime);
        return (certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }
}
