using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>How the server's certificate is judged.</summary>
internal sealed class ServerTrust
{
    private readonly PemSource? _authorities;

    private ServerTrust(PemSource? authorities, string? serverName, bool insecure)
    {
        (_authorities, ServerName, IsInsecure) = (authorities, serverName, insecure);
        _ = ReadAuthorities();
    }

    /// <summary>Name to ask for and to find in the certificate (tls-server-name); null: that of the address.</summary>
    public string? ServerName { get; }

    /// <summary>Any certificate will do (insecure-skip-tls-verify).</summary>
    public bool IsInsecure { get; }

    /// <exception cref="ComputeException">The authorities cannot be read.</exception>
    public static ServerTrust Of(PemSource? authorities, string? serverName) => new(authorities, serverName, insecure: false);

    public static ServerTrust Anybody(string? serverName) => new(null, serverName, insecure: true);

    /// <summary>The authorities as they are now, when they are in a file that may be replaced; null: those of the machine.</summary>
    /// <exception cref="ComputeException">They cannot be read.</exception>
    public X509Certificate2Collection? ReadAuthorities()
    {
        if (_authorities is null)
        {
            return null;
        }

        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(_authorities.Read());
        }
        catch (CryptographicException e)
        {
            throw new ComputeException($"{_authorities.Where}: expected certificates in PEM, found something that cannot be read as such: {e.Message}", e);
        }

        return found.Count > 0
            ? found
            : throw new ComputeException($"{_authorities.Where}: expected the certificates of the cluster's authority in PEM (BEGIN CERTIFICATE), found none");
    }
}
