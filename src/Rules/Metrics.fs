namespace Serverless.Rules

open System.Collections.Generic
open Serverless.Core

/// A metric of the catalogue in words, for listings.
[<Sealed>]
type MetricInfo internal (metric: Metric) =
    let span (value: int64<ms>) = if value = 0L<ms> then "-" else Quantity.show Duration (int64 value)
    member _.Name = metric.Name
    member _.Type = Quantity.typeName metric.Type
    member _.Class = if metric.Class = Fact then "fact" else "sample"
    /// Its windows begin again after a resize.
    member _.IsPerSize = metric.PerSize
    member _.Every = span metric.Period
    member _.Stale = span metric.Stale
    /// Milliseconds; 0 for facts.
    member _.EveryMs = int64 metric.Period
    /// Milliseconds; 0 for facts.
    member _.StaleMs = int64 metric.Stale
    member _.Help = metric.Help

[<AbstractClass; Sealed>]
type Metrics =
    /// The built-in metrics, facts first.
    static member BuiltIn: IReadOnlyList<MetricInfo> = Catalogue.metrics |> List.map MetricInfo |> Array.ofList :> IReadOnlyList<MetricInfo>

    /// The same policy for a compute whose usage (`cpu`, `memory`) is measured more rarely than the catalogue supposes.
    /// staleMs: the longest distance of two samples without a gap between them, in milliseconds.
    static member WithUsageStale(policy: Policy, staleMs: int64) : Policy =
        let measured (metric: Metric) = if Catalogue.isUsage metric then { metric with Stale = staleMs * 1L<ms> } else metric
        { policy with Metrics = policy.Metrics |> List.map measured }
