namespace Serverless.Host.Gateway.State;

/// <summary>A session's own backend connection between two statements of the client, as reading back and restoring need it.</summary>
public interface IBackendQuery
{
    /// <summary>The server's own number of this connection, which CONNECTION_ID() need not give.</summary>
    uint ConnectionId { get; }

    /// <summary>
    /// Sends all statements, each as a COM_QUERY of its own, before it reads the first answer: one round trip. (The server reads commands in turn, so
    /// this needs no CLIENT_MULTI_STATEMENTS, and one that fails does not stop the next.) Results come in the order of the statements, one each.
    /// Throws when the connection breaks or the answer is larger than <paramref name="limitBytes"/>; the connection is of no use then.
    /// </summary>
    ValueTask<IReadOnlyList<BackendResult>> QueryAsync(IReadOnlyList<ReadOnlyMemory<byte>> statements, int limitBytes, CancellationToken cancellation);
}
