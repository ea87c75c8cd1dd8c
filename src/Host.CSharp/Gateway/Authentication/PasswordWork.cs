namespace Serverless.Host.Gateway.Authentication;

/// <summary>Runs what is slow by design (password hashes, RSA) on the thread pool, so many at a time, so that a crowd of logins leaves processor time to the sessions.</summary>
public sealed class PasswordWork(int concurrency) : IDisposable
{
    private readonly SemaphoreSlim _places = new(concurrency);

    /// <summary>Awaited on an event loop it comes back there.</summary>
    public async Task<T> RunAsync<T>(Func<T> work)
    {
        await _places.WaitAsync();
        try
        {
            return await Task.Run(work);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();
}
