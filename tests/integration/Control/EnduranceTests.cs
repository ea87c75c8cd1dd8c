using System.Diagnostics;
using Serverless.Core;
using Serverless.Host.Control.Audit;
using Serverless.Host.Control.Settings;

namespace Serverless.Tests.Integration.Control;

/// <summary>A database that slept and woke very often costs no more than one that did so once.</summary>
public sealed class EnduranceTests
{
    private const int Cycles = 10_000;
    private const long AuditBound = 4 << 20;

    [Test]
    public async Task TenThousandSleepsAndWakes_LeaveNothingBehind()
    {
        await using Rig rig = await Rig.StartAsync(limits: LimitSettings.Default with { AuditBytes = AuditBound });
        rig.Calls.Forget = true;
        // the history of decisions and the code itself fill up first
        await CycleAsync(rig, 1000);
        Usage before = Usage.Now();
        await CycleAsync(rig, Cycles);
        Usage after = Usage.Now();
        Assert.Multiple(() =>
        {
            Assert.That(rig.Status.Compute.Starts, Is.EqualTo(Cycles + 1000 + 1));
            Assert.That(after.ManagedBytes - before.ManagedBytes, Is.LessThan(4 << 20), "managed memory");
            Assert.That(after.Handles - before.Handles, Is.LessThan(20), "open files");
            Assert.That(after.Threads - before.Threads, Is.LessThan(20), "threads");
            Assert.That(AuditLog.AuditFiles(rig.Audit).Sum(file => new FileInfo(file).Length), Is.LessThanOrEqualTo(AuditBound * 5 / 4), "the audit log");
        });
    }

    private static async Task CycleAsync(Rig rig, int cycles)
    {
        for (int i = 0; i < cycles; i++)
        {
            await rig.CommandAsync(at => Inputs.Suspend(at, "test"));
            await IsAsync(rig, phase => phase.IsSuspended);
            rig.Gateway.HoldStatement();
            await IsAsync(rig, phase => phase.IsRunning);
        }
    }

    /// <summary>Without a delay: ten thousand of them would be the whole time of the test.</summary>
    private static async Task IsAsync(Rig rig, Func<Phase, bool> phase)
    {
        long start = Stopwatch.GetTimestamp();
        while (!phase(rig.Database.Controller.Report!.Decision.Phase))
        {
            Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(20)), rig.Status.Reason);
            await Task.Yield();
        }
    }

    private sealed record Usage(long ManagedBytes, int Handles, int Threads)
    {
        public static Usage Now()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            using Process self = Process.GetCurrentProcess();
            return new Usage(GC.GetTotalMemory(forceFullCollection: true), Directory.GetFiles("/proc/self/fd").Length, self.Threads.Count);
        }
    }
}
