using System.Net.Http.Headers;

namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>
/// Credentials that a kubeconfig states or that are in files: files are read again every minute, and at once when the server refuses what they said.
/// The file of a token comes before a token beside it, as long as it can be read.
/// </summary>
internal sealed class UserCredentials : ICredentials
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(1);

    private readonly AuthenticationHeaderValue? _header;
    private readonly string? _tokenFile;
    private readonly PemSource? _certificate;
    private readonly PemSource? _key;
    private readonly string _where;
    private readonly TimeProvider _time;
    private readonly Lock _guard = new();
    private Credential _current;
    private long _read;

    /// <exception cref="ComputeException">They cannot be read.</exception>
    public UserCredentials(AuthenticationHeaderValue? header, string? tokenFile, PemSource? certificate, PemSource? key, string where, TimeProvider time)
    {
        (_header, _tokenFile, _certificate, _key, _where, _time) = (header, tokenFile, certificate, key, where, time);
        _current = Read(null);
        _read = time.GetTimestamp();
    }

    private bool CanChange => _tokenFile is not null || _certificate?.CanChange == true;

    public ValueTask<Credential> GetAsync(CancellationToken cancellation)
    {
        lock (_guard)
        {
            if (CanChange && _time.GetElapsedTime(_read) >= Fresh)
            {
                _read = _time.GetTimestamp();
                try
                {
                    _current = Read(_current);
                }
                catch (ComputeException)
                {
                    // being replaced at this moment: what was there is used on, and the server says when that no longer does
                }
            }

            return ValueTask.FromResult(_current);
        }
    }

    public ValueTask<bool> RenewAsync(Credential refused, CancellationToken cancellation)
    {
        lock (_guard)
        {
            if (CanChange && _current.IsSameAs(refused))
            {
                _current = Read(_current);
                _read = _time.GetTimestamp();
            }

            return ValueTask.FromResult(!_current.IsSameAs(refused));
        }
    }

    private Credential Read(Credential? before)
    {
        AuthenticationHeaderValue? header = ReadHeader();
        ClientCertificate? certificate = before?.Certificate;
        if (_certificate is not null && _key is not null)
        {
            (string pem, string key) = (_certificate.Read(), _key.Read());
            if (certificate?.Pem != pem + key)
            {
                certificate = ClientCertificate.Parse(pem, key, _certificate.Where, _key.Where);
            }
        }

        return before is not null && Equals(header, before.Header) && ReferenceEquals(certificate, before.Certificate) ? before : new Credential(header, certificate);
    }

    private AuthenticationHeaderValue? ReadHeader()
    {
        if (_tokenFile is null)
        {
            return _header;
        }

        try
        {
            string token = PemSource.ReadFile(_tokenFile, _where).Trim();
            return token.Length > 0
                ? Credential.Bearer(token, $"{_where}: {_tokenFile}")
                : throw new ComputeException($"{_where}: expected a token in {_tokenFile}, found an empty file");
        }
        catch (ComputeException) when (_header is not null)
        {
            return _header;
        }
    }
}
