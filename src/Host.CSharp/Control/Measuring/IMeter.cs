using Serverless.Core;
using Serverless.Host.Compute;

namespace Serverless.Host.Control.Measuring;

/// <summary>Measures some of the metrics of a compute that runs, each at its period. What cannot be had is left out, so that a missing sample stays missing.</summary>
internal interface IMeter
{
    /// <summary>Those of a policy's metrics that it measures.</summary>
    IReadOnlyList<Metric> Choose(IReadOnlyList<Metric> metrics);

    /// <summary>Measures what is due now.</summary>
    /// <param name="metrics">Of its choosing.</param>
    /// <param name="tell">Called with events of the kernel as soon as they are known.</param>
    /// <param name="isUp">False once the compute that is measured went down: that it gave no answer then says nothing.</param>
    Task MeasureAsync(IReadOnlyList<Metric> metrics, ComputeSize allocation, Action<IReadOnlyList<Event>> tell, Func<bool> isUp, CancellationToken cancellation);

    /// <summary>When the next of these is due, from now.</summary>
    TimeSpan Wait(IReadOnlyList<Metric> metrics);

    /// <summary>All of them are due: the compute is another one, or was started anew.</summary>
    void Restart();
}
