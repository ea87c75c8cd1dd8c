using System.Text.Json;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>
/// Credentials of a plugin, kept until they expire or the server refuses them. What the kubeconfig states beside it comes first.
/// </summary>
internal sealed class ExecCredentials(ExecPlugin plugin, UserCredentials stated, TimeProvider time) : ICredentials, IDisposable
{
    /// <summary>Renewed this long before they expire, so that none expires on its way.</summary>
    private static readonly TimeSpan Early = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _one = new(1);
    private volatile Held? _held;

    public async ValueTask<Credential> GetAsync(CancellationToken cancellation)
    {
        if (_held is { } held && !IsOld(held))
        {
            return held.Credential;
        }

        await _one.WaitAsync(cancellation);
        try
        {
            if (_held is not { } meanwhile || IsOld(meanwhile))
            {
                await AskAsync(cancellation);
            }

            return _held!.Credential;
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask<bool> RenewAsync(Credential refused, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            // of many calls that were refused at once, one asks
            if (_held is not { } held || ReferenceEquals(held.Credential, refused))
            {
                await stated.RenewAsync(refused, cancellation);
                await AskAsync(cancellation);
            }

            return !_held!.Credential.IsSameAs(refused);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private bool IsOld(Held held) => held.Expires is { } expires && time.GetUtcNow() >= expires;

    private async Task AskAsync(CancellationToken cancellation)
    {
        string answer = await PluginRun.AskAsync(plugin, Question(), time, cancellation);
        ExecStatus status = Parse(answer);
        if (string.IsNullOrEmpty(status.Token) && string.IsNullOrEmpty(status.ClientCertificateData))
        {
            throw new ComputeException($"{plugin.Where}: expected `{plugin.Command}` to answer with status.token or status.clientCertificateData, found neither");
        }

        if (string.IsNullOrEmpty(status.ClientCertificateData) != string.IsNullOrEmpty(status.ClientKeyData))
        {
            throw new ComputeException($"{plugin.Where}: expected `{plugin.Command}` to answer with both status.clientCertificateData and status.clientKeyData, found one");
        }

        Credential beside = await stated.GetAsync(cancellation);
        ClientCertificate? certificate = beside.Certificate ?? Certificate(status);
        _held = new Held(
            new Credential(beside.Header ?? (string.IsNullOrEmpty(status.Token) ? null : Credential.Bearer(status.Token, plugin.Where)), certificate),
            status.ExpirationTimestamp is { } expires ? Earlier(expires) : null);
    }

    private static DateTimeOffset Earlier(DateTimeOffset expires) => expires - DateTimeOffset.MinValue > Early ? expires - Early : expires;

    private ClientCertificate? Certificate(ExecStatus status)
    {
        if (string.IsNullOrEmpty(status.ClientCertificateData))
        {
            return null;
        }

        // the same certificate again is no reason for new connections
        return _held?.Credential.Certificate is { } before && before.Pem == status.ClientCertificateData + status.ClientKeyData
            ? before
            : ClientCertificate.Parse(status.ClientCertificateData, status.ClientKeyData!, $"{plugin.Where}: status.clientCertificateData", "status.clientKeyData");
    }

    private string Question() => JsonSerializer.Serialize(
        new ExecCredential { ApiVersion = plugin.ApiVersion, Kind = "ExecCredential", Spec = new ExecSpec { Cluster = plugin.Cluster } }, ExecJson.Default.ExecCredential);

    private ExecStatus Parse(string answer)
    {
        ExecCredential? credential;
        try
        {
            credential = JsonSerializer.Deserialize(answer, ExecJson.Default.ExecCredential);
        }
        catch (JsonException e)
        {
            // the answer itself is a secret and is not shown
            throw new ComputeException($"{plugin.Where}: expected `{plugin.Command}` to print an ExecCredential in JSON, found {answer.Length} characters that are none (line {e.LineNumber + 1})", e);
        }

        if (credential?.Kind != "ExecCredential" || credential.ApiVersion != plugin.ApiVersion)
        {
            throw new ComputeException(
                $"{plugin.Where}: expected `{plugin.Command}` to print an ExecCredential of {plugin.ApiVersion}, found `{Shown.Of(credential?.Kind ?? "")}` of `{Shown.Of(credential?.ApiVersion ?? "")}`");
        }

        return credential.Status ?? throw new ComputeException($"{plugin.Where}: expected `{plugin.Command}` to answer with a status, found none");
    }

    private sealed record Held(Credential Credential, DateTimeOffset? Expires);
}
