using Serverless.Host.Gateway.Authentication;

namespace Serverless.Host.Control;

/// <summary>Where what is known of an engine is kept for other gateways, and for the next one.</summary>
internal interface ISharedMemory
{
    /// <summary>For messages.</summary>
    string Place { get; }

    /// <returns>Null: nothing is kept of it.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    Task<EngineMemory?> ReadAsync(CancellationToken cancellation);

    /// <summary>Keeps it, unless the same is kept.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    Task WriteAsync(EngineMemory memory, CancellationToken cancellation);
}
