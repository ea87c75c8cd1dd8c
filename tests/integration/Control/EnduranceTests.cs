using System.Diagnostics;
using Serverless.Host.Control.Audit;

namespace Serverless.Tests.Integration.Control;

/// <summary>A database that slept and woke very often costs no more than one that did so once, and its clients never notice.</summary>
[NonParallelizable]
public sealed class EnduranceTests
{
    private const int Clients = 50;
    private const int WarmUp = 1000;
    private const int Cycles = 10_000;
    private const long AuditBound = 4 << 20;

    [Test]
    public async Task TenThousandSleepsAndWakes_LeaveNothingBehind()
    {
        await using EnduranceRig rig = await EnduranceRig.StartAsync(Clients, AuditBound);
        // the history of decisions and the code itself fill up first
        await rig.CycleAsync(WarmUp);
        Usage before = Usage.Now();
        await rig.CycleAsync(Cycles);
        // the other side of a connection hears of its end a moment later
        await Rig.HoldsAsync(() => rig.Engine.Open == 0, () => $"no backend connection is left; {rig.Engine.Open} are");
        Usage after = Usage.Now();
        TestContext.Out.WriteLine($"before {before}, after {after}");
        Assert.Multiple(() =>
        {
            // the first start of all made the accounts known
            Assert.That(rig.Database.Controller.Report!.Starts, Is.EqualTo(Cycles + WarmUp).Or.EqualTo(Cycles + WarmUp + 1), "each cycle was a real sleep");
            Assert.That(rig.Engine.Connections, Is.GreaterThanOrEqualTo(Cycles + WarmUp), "each cycle had a backend connection of its own");
            Assert.That(rig.Database.Gateway.Read().Open, Is.EqualTo(Clients), "no client was cut off");
            Assert.That(after.ManagedBytes - before.ManagedBytes, Is.LessThan(4 << 20), "managed memory");
            Assert.That(after.ResidentBytes - before.ResidentBytes, Is.LessThan(64 << 20), "resident memory");
            Assert.That(after.Handles - before.Handles, Is.LessThan(20), "open files");
            Assert.That(after.Threads - before.Threads, Is.LessThan(20), "threads");
            Assert.That(Length(Path.Combine(rig.Data, "audit")), Is.LessThanOrEqualTo(AuditBound * 5 / 4), "the audit log");
            Assert.That(AuditLog.AuditFiles(Path.Combine(rig.Data, "audit")), Has.Count.LessThanOrEqualTo(AuditLog.MostFiles), "the audit log's files");
            Assert.That(Length(rig.Data), Is.LessThan(1 << 20), "what is kept beside it");
        });
    }

    private static long Length(string folder) => Directory.EnumerateFiles(folder).Sum(file => new FileInfo(file).Length);

    private sealed record Usage(long ManagedBytes, long ResidentBytes, int Handles, int Threads)
    {
        public static Usage Now()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            using Process self = Process.GetCurrentProcess();
            return new Usage(GC.GetTotalMemory(forceFullCollection: true), self.WorkingSet64, Directory.GetFiles("/proc/self/fd").Length, self.Threads.Count);
        }
    }
}
