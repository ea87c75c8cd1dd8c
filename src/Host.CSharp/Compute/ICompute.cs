using Serverless.Host.Mysql;

namespace Serverless.Host.Compute;

/// <summary>A size in the terms of a machine. The compute unit itself belongs to the policy.</summary>
public readonly record struct ComputeSize(long CpuMillicores, long MemoryBytes);

public enum ComputeState { Gone, Starting, Serving }

/// <summary>What was found when the compute was looked at.</summary>
/// <param name="Size">Size it was found with, where that can be known.</param>
public sealed record ComputeView(ComputeState State, ComputeSize? Size, BackendAddress? Address, string? Detail);

/// <summary>Usage since the last measurement. A missing figure is missing, never zero.</summary>
/// <param name="CpuMillicores">Mean processor use since the last measurement.</param>
/// <param name="ResidentBytes">Resident set of the engine.</param>
/// <param name="BufferPoolBytes">Size of the buffer pool; it is reclaimable.</param>
/// <param name="Samples">Samples of the catalogue read from the engine, by metric name, in the metric's scale.</param>
public sealed record ComputeUsage(
    double? CpuMillicores, long? ResidentBytes, long? BufferPoolBytes, long? BufferPoolResidentBytes, IReadOnlyDictionary<string, long> Samples);

/// <summary>How an effect ended. Never thrown: a failure is an input of the kernel.</summary>
public abstract record EffectResult
{
    /// <summary>Why it was not done; null: it was.</summary>
    public string? Why => this switch
    {
        Failed failed => failed.Reason,
        Deferred deferred => deferred.Reason,
        Infeasible infeasible => infeasible.Reason,
        _ => null,
    };

    public sealed record Done(IReadOnlyDictionary<string, double> PhasesMs) : EffectResult
    {
        /// <summary>What was not as it should be, though it was done; null: nothing.</summary>
        public string? Remark { get; init; }
    }

    public sealed record Failed(string Reason) : EffectResult;
    /// <summary>It cannot be now, and may be later.</summary>
    public sealed record Deferred(string Reason) : EffectResult;
    /// <summary>It can never be here.</summary>
    public sealed record Infeasible(string Reason) : EffectResult;
}

/// <summary>
/// One database's compute. Implementations are safe to call from several threads; Control never has more than one
/// of Start, Stop and Resize under way. Cancellation abandons the wait, and leaves the compute in a state that Observe tells truly.
/// </summary>
public interface ICompute : IAsyncDisposable
{
    string Kind { get; }

    /// <summary>What the machine or node has at most.</summary>
    ComputeSize Capacity { get; }

    /// <summary>How far apart two measurements of its use may be without a gap between them; null: as the catalogue of metrics has it.</summary>
    TimeSpan? UsageStale => null;

    /// <summary>It is the gateway's own, and is stopped when the gateway ends. Otherwise it is left as it is: somebody else runs it, or another gateway takes this one's place.</summary>
    bool EndsWithGateway { get; }

    /// <summary>Told at once when what sessions go to is gone, where it takes a moment to find out whether it crashed or somebody took it down: <see cref="Crashed"/> or <see cref="Changed"/> follows.</summary>
    event Action<string>? Lost;

    /// <summary>Told at once when a running engine ends without having been asked to; the argument says how.</summary>
    event Action<string>? Crashed;

    /// <summary>Told when somebody else may have changed it (its size, whether it runs), so that it is worth a look; from any thread.</summary>
    event Action? Changed;

    ValueTask<ComputeView> ObserveAsync(CancellationToken cancellation);

    /// <summary>Starts the engine at this size, or adopts one of ours that still runs on the data; done when it answers SQL.</summary>
    ValueTask<EffectResult> StartAsync(ComputeSize size, CancellationToken cancellation);

    ValueTask<EffectResult> ResizeAsync(ComputeSize size, CancellationToken cancellation);

    /// <summary>Why it must not be stopped whoever uses it: what it keeps would be lost, or what is known of it is old. Null: it may. Asked before anybody is drained for it.</summary>
    ValueTask<string?> WhyNotStopAsync(CancellationToken cancellation);

    /// <summary>Asks the engine for work that did not come through the gateway (other clients, replicas, backups, prepared XA).
    /// Null: none. Otherwise what was found, in words; no answer is an answer too, and refuses.</summary>
    ValueTask<string?> FindForeignWorkAsync(CancellationToken cancellation);

    /// <summary>Prepares the engine so that the next start needs no recovery and comes up warm, then stops it: SIGTERM, bounded, then SIGKILL with a warning.</summary>
    ValueTask<EffectResult> StopAsync(bool hurry, CancellationToken cancellation);

    ValueTask<ComputeUsage> MeasureAsync(CancellationToken cancellation);

    /// <summary>Accounts as the engine has them now.</summary>
    ValueTask<AccountSnapshot> ReadAccountsAsync(CancellationToken cancellation);

    /// <summary>What the engine is, for greeting clients while it sleeps.</summary>
    ValueTask<ServerProfile> ReadProfileAsync(CancellationToken cancellation);

    /// <summary>
    /// Asks the engine a statement of the user's (`metric … from sql`), on a connection that never counts as activity. Throws nothing but for the cancellation: what cannot
    /// be asked has no value.
    /// </summary>
    ValueTask<MetricAnswer> AskAsync(string statement, CancellationToken cancellation);
}
