using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Wesql;

namespace Serverless.Host.Compute.Kubernetes.Cluster;

/// <summary>What a StatefulSet that was found by its label says of its database in annotations, in the place of the configuration, which does not name it.</summary>
internal static class SetAnnotations
{
    /// <summary>Of a StatefulSet that is a database: its name.</summary>
    public const string DatabaseLabel = "serverless.mysql/database";

    public const string Engine = "serverless.mysql/engine";

    /// <summary>Names of StatefulSets of the same namespace, with commas between them.</summary>
    public const string Loggers = "serverless.mysql/loggers";

    /// <summary>Of a logger: the StatefulSet of its data node. Whoever may annotate one StatefulSet must not have another one stopped with it, so that one has to say so too.</summary>
    public const string LoggerOf = "serverless.mysql/logger-of";

    public const string Snapshot = "serverless.mysql/snapshot";

    public const string ProxyProtocol = "serverless.mysql/proxy-protocol";

    private const int MostLoggers = 16;

    /// <exception cref="ComputeException">One says what cannot be; the message says what to do.</exception>
    public static KubernetesComputeOptions Apply(KubernetesComputeOptions options, StatefulSet set)
    {
        bool isWesql = Choose(options, set, Engine, options.Wesql is not null, ("mysql", false), ("wesql", true));
        WesqlOptions wesql = options.Wesql ?? new WesqlOptions();
        List<string>? named = ReadLoggers(options, set);
        IReadOnlyList<string> loggers = named ?? wesql.Loggers;
        if (loggers.Count > 0 && !isWesql)
        {
            throw Wrong(options, set, Loggers, $"a WeSQL cluster alone has loggers: say `{Engine}: wesql` too");
        }

        SnapshotMode snapshot = Choose(options, set, Snapshot, wesql.Snapshot, ("tried", SnapshotMode.Tried), ("required", SnapshotMode.Required), ("off", SnapshotMode.Off));
        return options with
        {
            Wesql = isWesql ? wesql with { Loggers = loggers, LoggersMustAgree = named is not null, Snapshot = snapshot } : null,
            ReadsProxyHeader = Choose(options, set, ProxyProtocol, options.ReadsProxyHeader, ("on", true), ("off", false)),
        };
    }

    /// <exception cref="ComputeException">It is not there, or must not be stopped with this database.</exception>
    public static void RequireLogger(KubernetesComputeOptions options, Workload logger)
    {
        if (logger.Set is not { } set)
        {
            throw new ComputeException($"database `{options.Name}`: expected a StatefulSet {logger.Name}, which is to be its logger, found none: create it, or mend `kubernetes:loggers` (found by its label: {Loggers})");
        }

        if (WhyNotLogger(options, set) is { } why)
        {
            throw new ComputeException($"database `{options.Name}`: {why}");
        }
    }

    /// <summary>Why it must not be stopped with this database, whoever names it; null: it may.</summary>
    public static string? WhyNotLogger(KubernetesComputeOptions options, StatefulSet set)
    {
        if (set.Metadata.Labels.ContainsKey(DatabaseLabel))
        {
            return $"StatefulSet {set.Metadata.Name}, which is to be its logger, is a database itself by its label {DatabaseLabel}: take one of the two away";
        }

        string? of = set.Metadata.Annotations.GetValueOrDefault(LoggerOf);
        return options.Wesql is { LoggersMustAgree: true } && of != options.StatefulSet
            ? $"expected annotation {LoggerOf}: {options.StatefulSet} on StatefulSet {set.Metadata.Name}, which is to be its logger by the annotation {Loggers} of {options.StatefulSet}, found {(of is null ? "none" : $"`{Shown.Of(of)}`")}: put it there, or take {set.Metadata.Name} out of {Loggers}"
            : null;
    }

    private static List<string>? ReadLoggers(KubernetesComputeOptions options, StatefulSet set)
    {
        if (!set.Metadata.Annotations.TryGetValue(Loggers, out string? text))
        {
            return null;
        }

        List<string> names = [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        if (names.Count > MostLoggers || names.Distinct(StringComparer.Ordinal).Count() < names.Count || names.Exists(name => name == options.StatefulSet || !ObjectName.IsValid(name)))
        {
            throw Wrong(options, set, Loggers, $"expected names of other StatefulSets of the namespace, at most {MostLoggers}, each once, with commas between them, found `{Shown.Of(text)}`");
        }

        return names;
    }

    private static T Choose<T>(KubernetesComputeOptions options, StatefulSet set, string annotation, T otherwise, params (string Text, T Value)[] values)
    {
        if (!set.Metadata.Annotations.TryGetValue(annotation, out string? text))
        {
            return otherwise;
        }

        int found = Array.FindIndex(values, one => string.Equals(one.Text, text.Trim(), StringComparison.OrdinalIgnoreCase));
        return found >= 0 ? values[found].Value : throw Wrong(options, set, annotation, $"expected one of {string.Join(", ", values.Select(one => one.Text))}, found `{Shown.Of(text)}`");
    }

    private static ComputeException Wrong(KubernetesComputeOptions options, StatefulSet set, string annotation, string what) =>
        new($"database `{options.Name}`: annotation {annotation} of StatefulSet {set.Metadata.Name}: {what}");
}
