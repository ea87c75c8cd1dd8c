using System.Globalization;
using Serverless.Host.Admin;
using Spectre.Console;

namespace Serverless.Host.Cli;

/// <summary>Status for people: one row for each database, and below it what stands in the way.</summary>
internal static class StatusTable
{
    public static void Write(TextWriter output, IReadOnlyList<StatusReply> databases, IReadOnlyList<LateReply> late, DateTimeOffset now)
    {
        IAnsiConsole console = Terminal.On(output);
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns("DATABASE", "PHASE", "SINCE", "SIZE", "CLIENTS", "ACTIVE", "HELD", "PINNED", "IDLE", "POLICY", "LISTENS ON");
        foreach (StatusReply one in databases)
        {
            string[] cells =
            [
                one.Name, one.Phase + (one.Paused ? " (paused)" : "") + (one.Shadow ? " (shadow)" : ""), Age(now - one.Since), Units(one.Size),
                Number(one.Connections.Open), Number(one.Connections.Active), Number(one.Connections.Held), Number(one.Connections.Pinned.Count),
                one.IdleSeconds is { } idle ? Age(TimeSpan.FromSeconds(idle)) : "-", one.Policy.Name + (one.Policy.Error is null ? "" : " (!)"), one.Compute.Address,
            ];
            table.AddRow([.. cells.Select(cell => new Text(cell))]);
        }

        console.Write(table);
        foreach (LateReply one in late)
        {
            console.Write(new Text($"{one.Name}: could not be opened yet, and is tried again since {Age(now - one.Since)}: {one.Reason}\n"));
        }

        foreach (StatusReply one in databases)
        {
            foreach (string line in Notes(one))
            {
                console.Write(new Text($"{(databases.Count > 1 ? one.Name + ": " : "")}{line}\n"));
            }
        }
    }

    /// <summary>Of several gateways: who leads, and who is not heard of.</summary>
    public static string Gateways(FleetReply fleet)
    {
        IEnumerable<string> unknown = fleet.Gateways.Where(one => !one.IsKnown).Select(one => $"; {one.Replica} was not heard of for {Age(TimeSpan.FromSeconds(one.HeardSecondsAgo))}, and nothing is suspended");
        return $"{fleet.Replica} of {fleet.Gateways.Count}, {(fleet.Leads ? "which leads" : fleet.Leader is { } leader ? $"led by {leader}" : "led by none now")}"
            + $"{(fleet.IsMember ? "" : "; it has no Lease of its own, and nothing passes")}{string.Concat(unknown)}";
    }

    public static string Units(SizeReply size) => size.Cu.ToString("0.###", CultureInfo.InvariantCulture) + "cu";

    public static string Age(TimeSpan time) => time switch
    {
        { TotalSeconds: < 10 } => time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s",
        { TotalMinutes: < 2 } => $"{(int)time.TotalSeconds} s",
        { TotalHours: < 2 } => $"{(int)time.TotalMinutes} min",
        { TotalDays: < 2 } => $"{(int)time.TotalHours} h",
        _ => $"{(int)time.TotalDays} d",
    };

    private static IEnumerable<string> Notes(StatusReply one)
    {
        if (one.Reason is { } reason)
        {
            yield return reason;
        }

        if (one.Fleet is { } fleet)
        {
            yield return $"gateway {Gateways(fleet)}";
        }

        foreach (BlockedReply blocked in one.Blocked)
        {
            yield return $"{blocked.Rule} would {blocked.Proposal}; {blocked.By} says no: {blocked.Reason}";
        }

        foreach (PinnedReply pinned in one.Connections.Pinned)
        {
            yield return $"connection {pinned.Id} of {pinned.Account} keeps it awake: {pinned.Why} (idle {Age(TimeSpan.FromSeconds(pinned.IdleSeconds))})";
        }

        if (one.LastResume is { } resume)
        {
            yield return $"last resume took {resume.TotalMs:0} ms ({string.Join(", ", resume.PhasesMs.Select(phase => $"{phase.Key} {phase.Value:0.#}"))})";
        }

        if (one.Policy.Error is { } error)
        {
            yield return $"the rule files as they are now are not in force: {error}";
        }

        foreach (UserMetricReply metric in one.UserMetrics.Where(metric => metric.Error is not null))
        {
            yield return $"metric {metric.Name} has no sample: {metric.Error}";
        }

        foreach (string warning in one.Warnings)
        {
            yield return $"warning: {warning}";
        }
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
