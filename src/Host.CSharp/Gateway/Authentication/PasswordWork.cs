namespace Serverless.Host.Gateway.Authentication;

/// <summary>Runs what is slow by design (password hashes, RSA) on the thread pool, so many at a time, so that a crowd of logins leaves processor time to the sessions.</summary>
public sealed class PasswordWork : IDisposable
{
    private readonly int _concurrency;
    private readonly SemaphoreSlim _places;
    private readonly PasswordWork? _whole;

    /// <param name="concurrency">At most so many at a time.</param>
    public PasswordWork(int concurrency) : this(concurrency, whole: null)
    {
    }

    private PasswordWork(int concurrency, PasswordWork? whole) => (_concurrency, _places, _whole) = (concurrency, new SemaphoreSlim(concurrency), whole);

    /// <summary>One database's share: of a crowd of its own no more wait in the common line than can be served at a time, so that others are soon served.</summary>
    public PasswordWork Share() => new(_concurrency, this);

    /// <summary>Awaited on an event loop it comes back there.</summary>
    public async Task<T> RunAsync<T>(Func<T> work)
    {
        await _places.WaitAsync();
        try
        {
            return await (_whole is null ? Task.Run(work) : _whole.RunAsync(work));
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();
}
