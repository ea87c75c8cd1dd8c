namespace Serverless.Host.Net;

/// <summary>Something with a descriptor that a loop watches. Called on the loop's thread only.</summary>
internal interface IReadinessTarget
{
    void OnReady(uint events);

    /// <summary>The loop ends: close, and wake whoever waits with <see cref="ConnectionLostException"/>.</summary>
    void OnLoopStopping();
}
