/// The metrics that rules can speak of.
module Serverless.Rules.Catalogue

open Serverless.Core

let private fact name kind help =
    { Name = name; Type = kind; Class = Fact; PerSize = false; Period = 0L<ms>; Stale = 0L<ms>; Source = BuiltIn; Help = help }

let private sample name kind perSize help =
    { Name = name; Type = kind; Class = Sample; PerSize = perSize; Period = 5_000L<ms>; Stale = 20_000L<ms>; Source = BuiltIn; Help = help }

/// All built-in metrics, facts first.
let metrics: Metric list =
    [ fact "idle" Duration "time since the last statement that would wake the compute ended; 0 while one runs, is held, or a transaction is open"
      fact "connections.open" Count "client connections"
      fact "connections.active" Count "client connections that hold a backend connection or run a statement"
      fact "connections.pinned" Count "sessions with state that cannot be restored"
      fact "queries.running" Count "statements under way"
      fact "queries.held" Count "statements that wait for the compute"
      fact "queries.rate" Rate "statements a second"
      fact "queries.latency" Duration "mean time of a statement"
      fact "transactions.open" Count "sessions in a transaction"
      fact "compute.age" Duration "time since the compute started; 0 while there is none"
      fact "size" Size "present size"
      fact "spent.day" Count "compute-unit hours since local midnight"
      fact "spent.month" Count "compute-unit hours since the first of the local month"
      sample "cpu" Percent true "processor usage over allocation"
      sample "memory" Percent true "working set without the reclaimable buffer pool, over the allocation without the pool's fixed share"
      sample "buffer_pool.hit" Percent false "page requests answered from the buffer pool"
      sample "buffer_pool.used" Percent false "part of the buffer pool that holds pages"
      sample "threads.running" Count false "threads of the engine that execute"
      sample "rows.read" Rate false "rows of tables that the engine reads, a second"
      sample "rows.changed" Rate false "rows of tables that are inserted, updated or deleted, a second"
      sample "temporary_tables.disk" Rate false "temporary tables that the engine puts on disk, a second"
      sample "replica.lag" Duration false "how far replication is behind; missing where there is none" ]

/// It tells the use of a machine: how often that can be measured depends on the compute.
let isUsage (metric: Metric) = metric.PerSize && metric.Source = BuiltIn

/// The longest look ahead, and the longest window of any metric.
let longestWindow: int64<ms> = 86_400_000L<ms>

/// A window's samples are kept in memory, and the kernel keeps no more of them than this.
let private mostSamples = 60_000L

/// The longest window of a metric with this period.
let longestOf (period: int64<ms>) : int64<ms> =
    if period = 0L<ms> then longestWindow else min longestWindow (mostSamples * period)

/// An aggregate as it is written, with what it takes.
type AggregateForm =
    { Name: string
      Usage: string
      /// In words, for who used it on another type.
      Needs: string
      Takes: ValueType -> bool
      Gives: ValueType -> ValueType
      /// From its horizon, which is 0 for all but `forecast`.
      Make: int64<ms> -> Aggregate
      HasHorizon: bool
      Help: string }

let private over name needs takes gives aggregate help =
    { Name = name
      Usage = $"{name}(METRIC, WINDOW)"
      Needs = needs
      Takes = takes
      Gives = gives
      Make = fun _ -> aggregate
      HasHorizon = false
      Help = help }

let private anyType name = over name "a metric of any type" (fun _ -> true)
let private amount name = over name "a metric that is no flag" (fun kind -> kind <> Flag)

/// All aggregates. Those that pick one sample take flags too: `max(backup, 5m)` is whether it was set at all.
let aggregates: AggregateForm list =
    [ anyType "last" id Last "the newest sample"
      amount "avg" id Avg "the mean"
      anyType "max" id Max "the largest sample"
      anyType "min" id Min "the smallest sample"
      amount "p50" id P50 "the median"
      amount "p95" id P95 "the 95th percentile"
      amount "p99" id P99 "the 99th percentile"
      amount "sum" id Sum "the sum of the samples"
      anyType "count" (fun _ -> Count) CountOf "how many samples there are"
      over "rate" "a count" (fun kind -> kind = Count) (fun _ -> Rate) RateOf "the change per second from the first sample to the last"
      { over "forecast" "a metric that is no flag" (fun kind -> kind <> Flag) id Last "the straight line through the samples, that much later" with
          Usage = "forecast(METRIC, WINDOW, AHEAD)"
          HasHorizon = true
          Make = Forecast } ]
