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
      sample "replica.lag" Duration false "how far replication is behind; missing where there is none" ]
