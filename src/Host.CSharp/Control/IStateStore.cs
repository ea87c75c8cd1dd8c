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

    /// <exception cref="IOException">It cannot be written.</exception>
    Task WriteAsync(string state, CancellationToken cancellation);
}
