using System.Globalization;
using Serverless.Host.Compute.Engine;

namespace Serverless.Host.Compute.Local;

public sealed partial class LocalCompute
{
    /// <summary>How long the buffer pool may take to get another size. Shrinking waits for transactions that hold pages.</summary>
    private static readonly TimeSpan s_poolLimit = TimeSpan.FromSeconds(30);

    /// <summary>How long the resident set may take to follow a smaller buffer pool.</summary>
    private static readonly TimeSpan s_residentLimit = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan s_residentPoll = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc/>
    public async ValueTask<EffectResult> ResizeAsync(ComputeSize size, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (_engine is not { IsServing: true } engine) return new EffectResult.Failed("The compute is not running.");
            return await ResizeRunningAsync(engine, size, new PhaseClock(_time), cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<EffectResult> ResizeRunningAsync(RunningEngine engine, ComputeSize size, PhaseClock phases, CancellationToken cancellation)
    {
        if (size.CpuMillicores > Capacity.CpuMillicores || size.MemoryBytes > Capacity.MemoryBytes)
        {
            return new EffectResult.Infeasible(string.Create(CultureInfo.InvariantCulture,
                $"{size.CpuMillicores}m cpu and {size.MemoryBytes >> 20} MiB are more than this machine has ({Capacity.CpuMillicores}m and {Capacity.MemoryBytes >> 20} MiB)."));
        }
        try
        {
            // A limit is widened before the memory is used, and narrowed after it was given back.
            // Of an engine that was found without its size nobody knows which of the two it is.
            var grows = engine.Size is { } now && size.MemoryBytes >= now.MemoryBytes;
            if (grows || engine.Size is null) LimitMemory(grows ? size : Capacity);
            await BufferPool.ResizeAsync(engine.Sql, PoolFor(size), s_poolLimit, _time, cancellation);
            phases.Mark("pool");
            if (!grows && await NarrowMemoryAsync(engine, size, cancellation) is { } held) return held;
            _controlGroup?.LimitCpu(size.CpuMillicores);
            engine.Size = size;
            Record(engine, size);
            phases.Mark("limits");
            return new EffectResult.Done(phases.PhasesMs);
        }
        catch (Exception failure) when (failure is EngineSqlException or IOException or UnauthorizedAccessException)
        {
            return new EffectResult.Failed(failure.Message);
        }
    }

    /// <summary>Null: done. With less memory than it has resident the engine would be killed, so that is deferred and the pool given back.</summary>
    private async Task<EffectResult?> NarrowMemoryAsync(RunningEngine engine, ComputeSize size, CancellationToken cancellation)
    {
        if (_controlGroup is not { LimitsMemory: true }) return null;
        var began = _time.GetTimestamp();
        while (ProcFiles.ReadResident(engine.Process.Pid) is { } resident && resident > MemoryLimit(size))
        {
            if (_time.GetElapsedTime(began) > s_residentLimit)
            {
                if (engine.Size is { } before) await BufferPool.ResizeAsync(engine.Sql, PoolFor(before), s_poolLimit, _time, cancellation);
                return new EffectResult.Deferred(string.Create(CultureInfo.InvariantCulture, $"The engine still has {resident >> 20} MiB resident with a smaller buffer pool, more than the {MemoryLimit(size) >> 20} MiB it was to get."));
            }
            await Task.Delay(s_residentPoll, _time, cancellation);
        }
        LimitMemory(size);
        return null;
    }

    private long PoolFor(ComputeSize size) => MemoryPlan.BufferPool(_binary.Family, size.MemoryBytes, Capacity.MemoryBytes);

    /// <summary>A size that the engine cannot live in is no reason to have no engine.</summary>
    private long MemoryLimit(ComputeSize size) => Math.Max(size.MemoryBytes, MemoryPlan.Least(_binary.Family));

    private void LimitMemory(ComputeSize size)
    {
        if (_controlGroup is not { LimitsMemory: true } group) return;
        if (size.MemoryBytes < MemoryLimit(size)) LogTooSmall(_options.Name, EngineName, MemoryLimit(size) >> 20, size.MemoryBytes >> 20);
        group.LimitMemory(MemoryLimit(size));
    }
}
