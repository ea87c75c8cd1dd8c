using System.Globalization;
using System.Text;
using Serverless.Core;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Control;
using Serverless.Host.Control.Fleet;
using Serverless.Host.Control.Measuring;
using Serverless.Host.Gateway;
using Serverless.Host.Gateway.Listening;

namespace Serverless.Host.Admin;

/// <summary>The metrics in Prometheus' text format, see https://prometheus.io/docs/instrumenting/exposition_formats/.</summary>
internal static class MetricsText
{
    private static readonly string[] Phases = ["suspended", "resuming", "running", "resizing", "draining", "suspending", "failed"];

    /// <param name="late">Databases that could not be opened yet.</param>
    /// <param name="calls">What was asked of the API servers of clusters.</param>
    public static string Write(IEnumerable<Database> databases, IEnumerable<LateDatabase> late, IReadOnlyCollection<GatewayListener> listeners, IEnumerable<KeyValuePair<ApiCallKind, long>> calls)
    {
        List<Sample> samples = [.. databases.Where(one => one.Controller.Report is not null).Select(Sample.Of)];
        var text = new StringBuilder();
        Family(text, samples, "serverless_phase", "gauge", "1 for the phase that the database is in", (one, line) =>
        {
            foreach (string phase in Phases)
            {
                line(phase == one.View.PhaseName ? 1 : 0, $",phase=\"{phase}\"");
            }
        });
        Gauge(text, samples, "serverless_paused", "1 while an operator has taken it out of the rules' hands", one => one.View.Paused ? 1 : 0);
        Gauge(text, samples, "serverless_size_cu", "size in compute units", one => one.View.SizeMcu / 1000.0);
        Gauge(text, samples, "serverless_policy_error", "1 while the rule files as they are now are not in force", one => one.Database.PolicyError is null ? 0 : 1);
        Gauge(text, samples, "serverless_connections_open", "client connections", one => one.Activity.Open);
        Gauge(text, samples, "serverless_connections_active", "client connections that run a statement or hold a backend connection", one => one.Activity.Active);
        Gauge(text, samples, "serverless_connections_parked", "client connections without a backend connection", one => one.Activity.Parked);
        Gauge(text, samples, "serverless_connections_pinned", "client connections with state that cannot be restored, transactions included", one => one.Activity.Pinned.Count);
        Gauge(text, samples, "serverless_backend_connections", "connections to the compute, those being made included", one => one.Activity.Sharing?.Backends);
        Gauge(text, samples, "serverless_backend_connections_idle", "of these, connections that no client's session has", one => one.Activity.Sharing?.Idle);
        Family(text, samples, "serverless_attaches_total", "counter", "connections to the compute that sessions were given, by how they came by them", (one, line) =>
        {
            if (one.Activity.Sharing is { } sharing)
            {
                line(sharing.Logins, ",by=\"login\"");
                line(sharing.TakenAsItIs, ",by=\"pool\"");
                line(sharing.TakenAfterReset, ",by=\"reset\"");
            }
        });
        Counter(text, samples, "serverless_logins_failed_total", "logins with a wrong user or password", one => one.Activity.Logins?.Failed);
        Counter(text, samples, "serverless_logins_delayed_total", "of these, logins whose answer was made to wait, since their address or user had failed before", one => one.Activity.Logins?.Delayed);
        Counter(text, samples, "serverless_logins_refused_total", "logins that were not looked at, since their address had failed too often", one => one.Activity.Logins?.Refused);
        Gauge(text, samples, "serverless_transactions_open", "client connections in a transaction", one => one.Activity.Transactions);
        Gauge(text, samples, "serverless_statements_running", "statements under way", one => one.Activity.Running);
        Gauge(text, samples, "serverless_statements_held", "statements that wait for the compute", one => one.Activity.Held);
        Counter(text, samples, "serverless_statements_total", "statements that ended", one => one.Activity.StatementsTotal);
        Counter(text, samples, "serverless_statements_seconds_total", "time that statements took", one => one.Activity.LatencyTotal.TotalSeconds);
        ForcedDetaches(text, samples);
        Gauge(text, samples, "serverless_idle_seconds", "time since the last statement that would wake the compute ended", one => one.View.IdleMs / 1000.0);
        Family(text, samples, "serverless_user_metric_missing", "gauge", "1 for a metric of the policy's own (from sql) that had no sample when it was asked last", (one, line) =>
        {
            foreach (UserMetricReading metric in one.Database.UserMetrics)
            {
                line(metric.Trouble is null ? 0 : 1, $",metric=\"{metric.Name}\"");
            }
        });
        Counter(text, samples, "serverless_compute_starts_total", "starts of the compute", one => one.Report.Starts);
        Counter(text, samples, "serverless_compute_stops_total", "stops of the compute", one => one.Report.Stops);
        Counter(text, samples, "serverless_compute_resizes_total", "changes of size", one => one.Report.Resizes);
        Counter(text, samples, "serverless_compute_crashes_total", "ends of the compute that nobody asked for", one => one.Report.Crashes);
        Counter(text, samples, "serverless_effects_refused_total", "suspends that found work", one => one.Report.Refusals);
        Counter(text, samples, "serverless_effects_failed_total", "starts, stops and resizes that failed", one => one.Report.FailedEffects);
        Gauge(text, samples, "serverless_last_resume_seconds", "what the last resume took", one => one.Report.LastResume?.TotalMs / 1000.0);
        Gauge(text, samples, "serverless_spent_day_cu_hours", "compute-unit hours since local midnight", one => one.View.SpentDay / 1000.0);
        Gauge(text, samples, "serverless_spent_month_cu_hours", "compute-unit hours since the first of the local month", one => one.View.SpentMonth / 1000.0);
        Gauge(text, samples, "serverless_fleet_leads", "1 while this gateway leads those that serve the database, 0 while it does not", one => one.Fleet is { } fleet ? fleet.Leads ? 1 : 0 : null);
        Gauge(text, samples, "serverless_fleet_gateways", "gateways that serve the database", one => one.Fleet?.Gateways.Count);
        Gauge(text, samples, "serverless_fleet_gateways_unknown", "of these, gateways that were not heard of lately: nothing is suspended", one => one.Fleet?.Gateways.Count(gateway => !gateway.IsKnown));
        Gauge(text, samples, "serverless_fleet_member", "1 while this gateway has its own Lease, without which nothing passes", one => one.Fleet is { } fleet ? fleet.IsMember ? 1 : 0 : null);
        Head(text, "serverless_database_late", "gauge", "1 for a database that could not be opened yet");
        foreach (LateDatabase one in late)
        {
            text.Append(CultureInfo.InvariantCulture, $"serverless_database_late{{database=\"{one.Name}\"}} 1\n");
        }

        Head(text, "serverless_kubernetes_calls_total", "counter", "requests to the API server, each attempt by itself, by what was asked and the HTTP status or what became of it");
        foreach ((ApiCallKind kind, long count) in calls)
        {
            text.Append(CultureInfo.InvariantCulture, $"serverless_kubernetes_calls_total{{verb=\"{kind.Verb}\",resource=\"{kind.Resource}\",code=\"{kind.Code}\"}} {count}\n");
        }

        Listener(text, listeners, "serverless_listener_connections_open", "gauge", "connections, those that are logging in included", one => one.Open);
        Listener(text, listeners, "serverless_listener_connections_total", "counter", "connections that came", one => one.Accepted);
        Listener(text, listeners, "serverless_listener_refused_total", "counter", "of these, refused because there were too many", one => one.OverLimit);
        Listener(text, listeners, "serverless_listener_logins_failed_total", "counter", "of these, ended without a login: refused, given up, nonsense, or meant for no database", one => one.LoginsFailed);
        return text.ToString();
    }

    /// <summary>Only there while the debug switch is on.</summary>
    private static void ForcedDetaches(StringBuilder text, List<Sample> samples)
    {
        samples = [.. samples.Where(one => one.Activity.ForcedDetaches is not null)];
        if (samples.Count == 0)
        {
            return;
        }

        Counter(text, samples, "serverless_debug_detached_total", "statements outside transactions after which the session left its backend connection", one => one.Activity.ForcedDetaches!.Detached);
        Family(text, samples, "serverless_debug_kept_total", "counter", "statements outside transactions after which the session was kept on its backend connection, by reason", (one, line) =>
        {
            foreach ((string reason, long count) in one.Activity.ForcedDetaches!.Kept)
            {
                line(count, $",reason=\"{reason}\"");
            }
        });
    }

    private static void Listener(StringBuilder text, IReadOnlyCollection<GatewayListener> listeners, string name, string type, string help, Func<ListenerCounters, long> value)
    {
        Head(text, name, type, help);
        foreach (GatewayListener one in listeners)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name}{{listen=\"{one.LocalEndPoint}\"}} {value(one.Counters)}\n");
        }
    }

    private static void Head(StringBuilder text, string name, string type, string help) =>
        text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

    private static void Gauge(StringBuilder text, List<Sample> samples, string name, string help, Func<Sample, double?> value) => Single(text, samples, name, "gauge", help, value);

    private static void Counter(StringBuilder text, List<Sample> samples, string name, string help, Func<Sample, double?> value) => Single(text, samples, name, "counter", help, value);

    private static void Single(StringBuilder text, List<Sample> samples, string name, string type, string help, Func<Sample, double?> value) =>
        Family(text, samples, name, type, help, (one, line) =>
        {
            if (value(one) is { } number)
            {
                line(number, "");
            }
        });

    private static void Family(StringBuilder text, List<Sample> samples, string name, string type, string help, Action<Sample, Action<double, string>> each)
    {
        Head(text, name, type, help);
        foreach (Sample one in samples)
        {
            each(one, (number, labels) => text.Append(CultureInfo.InvariantCulture, $"{name}{{database=\"{one.Database.Settings.Name}\"{labels}}} {number}\n"));
        }
    }

    /// <summary>Everything about one database at one moment.</summary>
    private sealed record Sample(Database Database, ControllerReport Report, StateView View, ActivityReading Activity, FleetReading? Fleet)
    {
        public static Sample Of(Database database)
        {
            ControllerReport report = database.Controller.Report!;
            return new Sample(database, report, Kernel.View(report.State, database.Controller.Now), database.Gateway.Read(), database.ReadFleet());
        }
    }
}
