using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Serverless.Host.Compute.Kubernetes.Config;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>
/// Connections to the server. One of HTTP/2 carries all calls and watches where the server speaks it. A client certificate belongs to the connection, so
/// another one, or other authorities, mean new connections; what is under way on the old ones goes on.
/// </summary>
internal sealed class ApiTransport(ClusterAccess access, ApiOptions options) : IDisposable
{
    /// <summary>A connection that does not answer a ping for so long, after it was silent for so long, is dead: calls on it would take all of their time, and watches be silent for ever.</summary>
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(5);

    private readonly Lock _guard = new();

    /// <summary>Certificates whose connections are closed.</summary>
    private readonly ConditionalWeakTable<ClientCertificate, ClientCertificate> _past = new();
    private Generation? _current;
    private Generation? _before;

    /// <returns>Null: others have taken its place since the caller was given it. It does not become the current one again.</returns>
    public HttpMessageInvoker? Use(ClientCertificate? certificate)
    {
        lock (_guard)
        {
            if (_current is not null && ReferenceEquals(_current.Certificate, certificate))
            {
                return _current.Invoker;
            }

            if (_before is not null && ReferenceEquals(_before.Certificate, certificate))
            {
                return _before.Invoker;
            }

            if (certificate is not null && _past.TryGetValue(certificate, out _))
            {
                return null;
            }

            return Replace(certificate, _current?.Authorities ?? access.Trust.ReadAuthorities()).Invoker;
        }
    }

    /// <summary>The server's certificate was not accepted: reads the authorities again, which may have been replaced.</summary>
    /// <returns>False: they are what they were.</returns>
    /// <exception cref="ComputeException">They cannot be read.</exception>
    public bool RenewTrust()
    {
        X509Certificate2Collection? authorities = access.Trust.ReadAuthorities();
        lock (_guard)
        {
            if (_current is null || authorities is null || IsSame(authorities, _current.Authorities))
            {
                return false;
            }

            Replace(_current.Certificate, authorities);
            return true;
        }
    }

    public void Dispose()
    {
        lock (_guard)
        {
            _current?.Invoker.Dispose();
            _before?.Invoker.Dispose();
        }
    }

    private Generation Replace(ClientCertificate? certificate, X509Certificate2Collection? authorities)
    {
        // Not the one in use until now: a call may be about to begin on it.
        if (_before is not null)
        {
            _before.Invoker.Dispose();
            if (_before.Certificate is { } gone)
            {
                _past.AddOrUpdate(gone, gone);
            }
        }

        _before = _current;
        return _current = new Generation(certificate, authorities, new HttpMessageInvoker(Connect(certificate, authorities)));
    }

    private SocketsHttpHandler Connect(ClientCertificate? certificate, X509Certificate2Collection? authorities)
    {
        var handler = new SocketsHttpHandler
        {
            // a redirect would carry the token elsewhere
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = options.ConnectTimeLimit,
            EnableMultipleHttp2Connections = true,
            KeepAlivePingDelay = PingAfter,
            KeepAlivePingTimeout = PingAfter,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            MaxResponseHeadersLength = 64,
        };
        if (access.Proxy is { } proxy)
        {
            handler.Proxy = new WebProxy(proxy) { Credentials = Login(proxy) };
        }

        handler.SslOptions.ClientCertificateContext = certificate?.Context;
        if (access.Trust.IsInsecure)
        {
            // the kubeconfig says so in as many words
#pragma warning disable CA5359, MA0039
            handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359, MA0039
        }
        else if (authorities is not null)
        {
            // these and no others; a cluster's authority publishes no revocations
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        return handler;
    }

    private static bool IsSame(X509Certificate2Collection one, X509Certificate2Collection? other) =>
        one.Select(certificate => certificate.Thumbprint).SequenceEqual(other?.Select(certificate => certificate.Thumbprint) ?? [], StringComparer.Ordinal);

    private static NetworkCredential? Login(Uri proxy)
    {
        string[] parts = proxy.UserInfo.Split(':', 2);
        return parts[0].Length == 0 ? null : new NetworkCredential(Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
    }

    private sealed record Generation(ClientCertificate? Certificate, X509Certificate2Collection? Authorities, HttpMessageInvoker Invoker);
}
