namespace Serverless.Host.Compute.Local;

/// <summary>What the machine, or the container that this process runs in, has.</summary>
internal static class Machine
{
    public static ComputeSize Capacity => new(Environment.ProcessorCount * 1000L, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
}
