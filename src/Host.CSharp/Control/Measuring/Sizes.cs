using Serverless.Core;
using Serverless.Host.Compute;

namespace Serverless.Host.Control.Measuring;

/// <summary>Between the kernel's one scalar of size and the processors and bytes of a machine.</summary>
internal static class Sizes
{
    /// <param name="size">Thousandths of a compute unit.</param>
    public static ComputeSize ToMachine(long size, ComputeUnit unit) => new(ComputeUnitModule.cpu(size, unit), ComputeUnitModule.memory(size, unit));

    /// <summary>The size, in thousandths of a compute unit, whose memory is the one given, rounded to the nearest.</summary>
    public static long FromMachine(ComputeSize size, ComputeUnit unit) => (long)Math.Round((decimal)size.MemoryBytes * 1000 / unit.Memory);
}
