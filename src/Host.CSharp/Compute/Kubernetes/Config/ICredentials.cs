namespace Serverless.Host.Compute.Kubernetes.Config;

/// <summary>Who to be towards the server, which may change while we run.</summary>
internal interface ICredentials
{
    /// <summary>As they are now.</summary>
    /// <exception cref="ComputeException">They cannot be had.</exception>
    ValueTask<Credential> GetAsync(CancellationToken cancellation);

    /// <summary>The server did not take this one: looks for another.</summary>
    /// <returns>False: there is none; to ask the server again makes no sense.</returns>
    /// <exception cref="ComputeException">They cannot be had.</exception>
    ValueTask<bool> RenewAsync(Credential refused, CancellationToken cancellation);
}
