using System.Net;
using System.Text;
using Serverless.Host.Cli;
using Serverless.Host.Control;

namespace Serverless.Host.Admin;

/// <summary>The status as one plain page, for a browser that happens to come by.</summary>
internal static class StatusPage
{
    /// <param name="late">Databases that could not be opened yet.</param>
    public static string Write(IEnumerable<Database> databases, IEnumerable<LateDatabase> late)
    {
        var page = new StringBuilder("""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5"><title>serverless</title>
            <style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#222;background:#fff}
            table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.35rem .8rem .35rem 0;border-bottom:1px solid #ddd;vertical-align:top}
            h2{margin:2rem 0 .5rem}small{color:#666}</style></head><body><h1>serverless</h1>

            """);
        foreach (Database database in databases.Where(one => one.Controller.Report is not null))
        {
            Write(page, StatusComposer.Status(database), database.Controller.History.Newest(15));
        }

        foreach (LateDatabase one in late)
        {
            page.Append($"<h2>{Text(one.Name)}: not opened yet</h2><table>");
            Row(page, "since", $"{one.Since:u}");
            Row(page, "stands in the way", one.Reason);
            page.Append("</table>\n");
        }

        return page.Append("<p><small>This page reloads every five seconds. <a href=\"/api/databases\">JSON</a>, <a href=\"/metrics\">metrics</a>.</small></p></body></html>\n").ToString();
    }

    private static void Write(StringBuilder page, StatusReply status, IReadOnlyList<NotedDecision> decisions)
    {
        page.Append($"<h2>{Text(status.Name)}: {Text(status.Phase)}</h2><table>");
        Row(page, "since", $"{status.Since:u}");
        Row(page, "size", $"{StatusTable.Units(status.Size)} ({status.Size.CpuMillicores}m processor, {status.Size.MemoryBytes >> 20} MiB memory)");
        Row(page, "clients", $"{status.Connections.Open} connected, {status.Connections.Active} active, {status.Connections.Held} waiting, {status.Connections.InTransaction} in a transaction");
        Row(page, "idle", status.IdleSeconds is { } idle ? StatusTable.Age(TimeSpan.FromSeconds(idle)) : "no statement yet");
        Row(page, "policy", $"{status.Policy.Name}, revision {status.Policy.Revision}");
        Row(page, "clients connect to", status.Compute.Address);
        Row(page, "stands in the way", status.Reason);
        Row(page, "gateways", status.Fleet is { } fleet ? StatusTable.Gateways(fleet) : null);
        Row(page, "rule files", status.Policy.Error);
        foreach (UserMetricReply metric in status.UserMetrics)
        {
            Row(page, $"metric {metric.Name}", metric.Error is { } error ? $"no sample: {error}" : $"{metric.Value} at {metric.At:u}");
        }

        foreach (PinnedReply pinned in status.Connections.Pinned)
        {
            Row(page, $"connection {pinned.Id}", $"{pinned.Account}: {pinned.Why}");
        }

        page.Append("</table><table><tr><th>decided at</th><th>phase</th><th>what and why</th></tr>");
        foreach (NotedDecision one in decisions.Reverse())
        {
            DecisionReply decision = StatusComposer.Decision(one);
            page.Append($"<tr><td>{decision.At:u}</td><td>{Text(decision.Phase)}</td><td>{Text(decision.Text)}</td></tr>");
        }

        page.Append("</table>\n");
    }

    private static void Row(StringBuilder page, string name, string? value)
    {
        if (value is not null)
        {
            page.Append($"<tr><th>{Text(name)}</th><td>{Text(value)}</td></tr>");
        }
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
