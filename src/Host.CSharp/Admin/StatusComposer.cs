using Serverless.Core;
using Serverless.Host.Compute;
using Serverless.Host.Control;
using Serverless.Host.Control.Fleet;
using Serverless.Host.Control.Measuring;
using Serverless.Host.Gateway;

namespace Serverless.Host.Admin;

/// <summary>Puts together what the admin API shows of a database.</summary>
internal static class StatusComposer
{
    public static StatusReply Status(Database database)
    {
        ControllerReport report = database.Controller.Report ?? throw new InvalidOperationException($"{database.Settings.Name} is not controlled yet");
        long now = database.Controller.Now;
        StateView view = Kernel.View(report.State, now);
        ActivityReading activity = database.Gateway.Read();
        Decision decision = report.Decision;
        return new StatusReply
        {
            Name = database.Settings.Name,
            Phase = view.PhaseName,
            Since = Instant(view.Since),
            Paused = view.Paused,
            Shadow = database.Settings.Shadow,
            Reason = report.Reason(view, now),
            Size = Size(view.SizeMcu, report.Rules.Policy.Unit),
            Connections = new ConnectionsReply(
                activity.Open, activity.Active, activity.Running, activity.Held, activity.Transactions, activity.Parked,
                [.. activity.Pinned.Select(one => new PinnedReply(one.ConnectionId, one.Account, one.Why, Seconds(one.Idle)))]),
            IdleSeconds = database.ReadAll().LastEnded is null ? null : Seconds(TimeSpan.FromMilliseconds(view.IdleMs)),
            Policy = new PolicyReply(report.Rules.Policy.Name, report.Rules.Policy.Revision, database.PolicyError),
            Compute = new ComputeReply(database.Compute.Kind, report.Starts, report.Stops, report.Crashes, database.Settings.Listen.ToString()) { Capacity = Capacity(database.Compute.Capacity) },
            LastResume = report.LastResume is { } resume ? new ResumeReply(resume.At, Math.Round(resume.TotalMs, 2), resume.PhasesMs) : null,
            LastEffect = report.LastEffect is { } effect ? new EffectReply(effect.Effect, effect.At, effect.Outcome, effect.Reason) : null,
            Blocked = Blocked(decision),
            Warnings = [.. decision.Warnings],
            UserMetrics = [.. database.UserMetrics.Select(one => new UserMetricReply(one.Name, one.At, one.Value, one.Trouble))],
            NextCheck = Instant(decision.NextCheck),
            Fleet = database.ReadFleet() is { } fleet ? Fleet(fleet) : null,
            Spent = new SpentReply(view.SpentDay / 1000.0, view.SpentMonth / 1000.0),
        };
    }

    public static DecisionReply Decision(NotedDecision noted)
    {
        Decision decision = noted.Decision;
        SizeReply? size = noted.Effect?.Size is { } mcu ? Size(mcu, noted.Unit) : null;
        return new DecisionReply(
            Instant(decision.At), decision.Revision, decision.Phase.ToString().ToLowerInvariant(), noted.Effect?.Name, size, [.. decision.Because],
            [.. decision.Reasons.Select(one => new ReasonReply(one.By, one.Proposal, [.. one.Seen]))], Blocked(decision), [.. decision.Warnings], noted.Text);
    }

    /// <summary>How things stand now; null before the first step.</summary>
    public static ExplanationReply? Standing(Database database)
    {
        if (database.Controller.Report is not { } report)
        {
            return null;
        }

        Explanation found = Kernel.ExplainAt(report.State, report.Decision, database.Controller.Now);
        NextChange? next = found.NextOrNull;
        return new ExplanationReply(
            Instant(found.At), found.Phase.ToString().ToLowerInvariant(),
            [.. found.Rules.Select(one => new RuleStandingReply(one.Rule, one.Action, one.Says, [.. one.Seen], one.FiresAtOrNull is { } at ? Instant(at) : null, one.If))],
            next is null ? null : new NextChangeReply(Instant(next.At), next.Proposal, [.. next.By]),
            found.Lines);
    }

    private static FleetReply Fleet(FleetReading fleet) => new(
        fleet.Fleet, fleet.Replica, fleet.Leads, fleet.Leader, fleet.Term, fleet.IsMember, [.. fleet.Gateways.Select(one => new GatewayReply(one.Replica, Seconds(one.Since), one.IsKnown))]);

    private static List<BlockedReply> Blocked(Decision decision) =>
        [.. decision.Blocked.Select(one => new BlockedReply(one.Rule, one.Proposal, one.By, one.Reason, one.Until.IsNone ? null : Instant(one.Until.Value)))];

    private static CapacityReply? Capacity(ComputeSize size) => size.MemoryBytes == long.MaxValue ? null : new CapacityReply(size.CpuMillicores, size.MemoryBytes);

    private static SizeReply Size(long mcu, ComputeUnit unit)
    {
        ComputeSize size = Sizes.ToMachine(mcu, unit);
        return new SizeReply(mcu / 1000.0, size.CpuMillicores, size.MemoryBytes);
    }

    private static DateTimeOffset Instant(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 1);
}
