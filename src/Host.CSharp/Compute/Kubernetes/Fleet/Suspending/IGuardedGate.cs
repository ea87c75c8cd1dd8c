namespace Serverless.Host.Compute.Kubernetes.Fleet.Suspending;

/// <summary>The gate of a database at this gateway, as its guard moves it. None of these wait, but for the drain.</summary>
internal interface IGuardedGate
{
    /// <summary>Statements that wait for the compute now.</summary>
    int Held { get; }

    /// <summary>Lets statements pass, from wherever it was, to the compute that the controller found last. When it is open to that one already, nothing is to be done.</summary>
    void Pass();

    /// <summary>Lets nothing pass, from wherever it was. What runs fails with the reason, and what waits waits on.</summary>
    void Close(string reason);

    /// <summary>Takes back the connections of the sessions.</summary>
    /// <param name="isOwn">This gateway itself intends to suspend; of others it may know more than they do.</param>
    /// <returns>Null: drained. Otherwise why not, and it is open again.</returns>
    Task<string?> DrainAsync(SuspendTerms terms, bool isOwn, CancellationToken cancellation);

    /// <summary>The compute is found scaled to zero: worth a look.</summary>
    void TellGone();
}
