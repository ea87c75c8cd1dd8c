namespace Serverless.Host.Control;

/// <summary>Where the state of one database is kept over a restart.</summary>
internal interface IStateStore
{
    /// <summary>For messages.</summary>
    string Place { get; }

    /// <summary>Changes that matter little (a sample, a timer) are written this often at most.</summary>
    TimeSpan Lazily { get; }

    /// <returns>Null: nothing was kept yet.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    Task<string?> ReadAsync(CancellationToken cancellation);

    /// <param name="term">In which this gateway led when it was so, see <see cref="ILeading.Term"/>; null: it is alone.</param>
    /// <returns>It is kept. False: this gateway does not lead now, or not in that term, and what is kept by others counts.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    Task<bool> WriteAsync(string state, string? term, CancellationToken cancellation);
}
