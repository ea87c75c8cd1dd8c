using System.Text.Json;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>
/// Credentials of a plugin, kept until they expire or the server refuses them. What the kubeconfig states beside it comes first.
/// One run is for all who wait for it and ends with none of them: a plugin that takes longer than the call which asked first would otherwise never get to its end.
/// </summary>
internal sealed class ExecCredentials(ExecPlugin plugin, UserCredentials stated, TimeProvider time) : ICredentials, IDisposable
{
    /// <summary>Renewed this long before they expire, so that none expires on its way.</summary>
    private static readonly TimeSpan Early = TimeSpan.FromSeconds(10);

    private readonly Lock _guard = new();
    /// <summary>It has no timer, and so nothing that would have to be given back.</summary>
    private readonly CancellationTokenSource _end = new();
    private Held? _held;
    private Task<Held>? _asking;

    public async ValueTask<Credential> GetAsync(CancellationToken cancellation) => (await HoldAsync(null, cancellation)).Credential;

    public async ValueTask<bool> RenewAsync(Credential refused, CancellationToken cancellation) => !(await HoldAsync(refused, cancellation)).Credential.IsSameAs(refused);

    public void Dispose() => _end.Cancel();

    /// <param name="refused">Not this one.</param>
    private ValueTask<Held> HoldAsync(Credential? refused, CancellationToken cancellation)
    {
        lock (_guard)
        {
            if (_held is { } held && !ReferenceEquals(held.Credential, refused) && (refused is not null || !IsOld(held)))
            {
                return ValueTask.FromResult(held);
            }

            _asking ??= Task.Run(() => RunAsync(refused, _end.Token), CancellationToken.None);
            return new ValueTask<Held>(_asking.WaitAsync(cancellation));
        }
    }

    private async Task<Held> RunAsync(Credential? refused, CancellationToken end)
    {
        Held? got = null;
        try
        {
            if (refused is not null)
            {
                await stated.RenewAsync(refused, end);
            }

            return got = await AskAsync(end);
        }
        finally
        {
            lock (_guard)
            {
                (_held, _asking) = (got ?? _held, null);
            }
        }
    }

    private bool IsOld(Held held) => held.Expires is { } expires && time.GetUtcNow() >= expires;

    private async Task<Held> AskAsync(CancellationToken cancellation)
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
        return new Held(
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
