using System.Net.Http.Headers;
using System.Text;

namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>A header, a certificate, both or (an anonymous caller) none. No record: the text of one would show what is in it.</summary>
internal sealed class Credential(AuthenticationHeaderValue? header, ClientCertificate? certificate)
{
    public AuthenticationHeaderValue? Header { get; } = header;

    public ClientCertificate? Certificate { get; } = certificate;

    /// <exception cref="ComputeException">It has what no header can carry.</exception>
    public static AuthenticationHeaderValue Bearer(string token, string where) => token.AsSpan().ContainsAnyExceptInRange('!', '~')
        ? throw new ComputeException($"{where}: expected a token of visible characters without spaces, found others in it")
        : new AuthenticationHeaderValue("Bearer", token);

    public static AuthenticationHeaderValue Basic(string user, string password) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));

    public bool IsSameAs(Credential other) => Equals(Header, other.Header) && ReferenceEquals(Certificate, other.Certificate);
}
