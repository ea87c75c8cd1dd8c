using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>A certificate with its key (RSA or EC; PKCS#1, SEC 1 or PKCS#8), and those between it and its authority.</summary>
internal sealed class ClientCertificate
{
    private ClientCertificate(string pem, SslStreamCertificateContext context) => (Pem, Context) = (pem, context);

    public SslStreamCertificateContext Context { get; }

    /// <summary>What it was read from, to tell another one.</summary>
    public string Pem { get; }

    /// <exception cref="ComputeException">They are none, or do not belong together.</exception>
    public static ClientCertificate Parse(string certificate, string key, string certificateAt, string keyAt)
    {
        try
        {
            var leaf = X509Certificate2.CreateFromPem(certificate, key);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(certificate);
            // offline: nothing is fetched from anywhere to complete it
            return new ClientCertificate(certificate + key, SslStreamCertificateContext.Create(leaf, chain, offline: true));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or NotSupportedException)
        {
            string mend = key.Contains("ENCRYPTED", StringComparison.Ordinal) ? "The key is encrypted, and nobody can be asked for its password: decrypt it" : "Both must be PEM and belong together";
            throw new ComputeException($"{certificateAt} and {keyAt}: expected a certificate and its RSA or EC key, found what cannot be used: {e.Message} {mend}", e);
        }
    }
}
