using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging;
using Serverless.Host.Net.Tls;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>
/// The certificate that clients are shown, read anew when its files change (also when they are swapped by a link), so that one that is renewed needs no
/// restart. Files that cannot be read while running change nothing. Safe from any thread.
/// </summary>
public sealed partial class GatewayCertificate
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    private readonly string _certificatePath;
    private readonly string _keyPath;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private SslServerAuthenticationOptions _options;
    private (DateTime, long, DateTime, long) _stamp;
    private string? _problem;
    private long _looked;

    private GatewayCertificate(string certificatePath, string keyPath, TimeProvider time, ILogger logger)
    {
        (_certificatePath, _keyPath, _time, _logger) = (certificatePath, keyPath, time, logger);
        _stamp = Stamp();
        _options = Read();
        _looked = time.GetTimestamp();
    }

    /// <summary>Reads a certificate, with those of its issuers behind it, and its key.</summary>
    /// <exception cref="IOException">One cannot be read, or is not what it should be; the message says which, and what was expected.</exception>
    public static GatewayCertificate Load(string certificatePath, string keyPath, TimeProvider time, ILogger logger) => new(certificatePath, keyPath, time, logger);

    /// <summary>Reads the gateway's own, or makes it when there is none yet.</summary>
    /// <inheritdoc cref="Load"/>
    public static GatewayCertificate LoadOrCreate(string folder, TimeProvider time, ILogger logger)
    {
        var (certificate, key) = (Path.Combine(folder, "tls-certificate.pem"), Path.Combine(folder, "tls-key.pem"));
        if (!File.Exists(certificate) || !File.Exists(key))
        {
            var made = SelfSignedCertificate.Make("Serverless for MySQL", time.GetUtcNow());
            PrivateFile.Replace(key, Encoding.ASCII.GetBytes(made.Key));
            PrivateFile.Replace(certificate, Encoding.ASCII.GetBytes(made.Certificate));
        }
        return Load(certificate, key, time, logger);
    }

    /// <summary>For one handshake. TLS 1.2 at least; whom the client must show itself to be is the accounts' business.</summary>
    public SslServerAuthenticationOptions Options
    {
        get
        {
            lock (_gate)
            {
                if (_time.GetElapsedTime(_looked) >= s_look) Look();
                return _options;
            }
        }
    }

    private void Look()
    {
        _looked = _time.GetTimestamp();
        try
        {
            var stamp = Stamp();
            // What could not be read is tried again: why may lie elsewhere than in the files (who may read them, no descriptor left).
            if (stamp == _stamp && _problem is null) return;
            _stamp = stamp;
            // The old one is not disposed of: handshakes may be under way with it.
            _options = Read();
            _problem = null;
            LogReloaded(_certificatePath);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            if (failure.Message == _problem) return;
            _problem = failure.Message;
            LogKept(failure.Message);
        }
    }

    private SslServerAuthenticationOptions Read()
    {
        try
        {
            using var pem = X509Certificate2.CreateFromPemFile(_certificatePath, _keyPath);
            // One more step, after which the key can be used by the platform's TLS as it is.
            var certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), password: null);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(_certificatePath);
            return new SslServerAuthenticationOptions
            {
                ServerCertificateContext = SslStreamCertificateContext.Create(certificate, chain, offline: true),
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                ClientCertificateRequired = false,
                AllowRenegotiation = false,
            };
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException or UnauthorizedAccessException or IOException)
        {
            throw new IOException(
                $"The TLS certificate {_certificatePath} (PEM, issuers behind it) with its key {_keyPath} (PEM, no password) cannot be used: {failure.Message}", failure);
        }
    }

    private (DateTime, long, DateTime, long) Stamp()
    {
        var (certificate, key) = (Target(_certificatePath), Target(_keyPath));
        return (certificate.LastWriteTimeUtc, certificate.Exists ? certificate.Length : -1, key.LastWriteTimeUtc, key.Exists ? key.Length : -1);
    }

    // What a link leads to is what changes.
    private static FileInfo Target(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true) as FileInfo ?? new FileInfo(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new FileInfo(path);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The TLS certificate {Path} has changed and is in force")]
    private partial void LogReloaded(string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Problem} The one before stays in force.")]
    private partial void LogKept(string problem);
}
