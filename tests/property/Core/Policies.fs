/// Policies and instants that the tests of the kernel share.
module Serverless.Tests.Property.Core.Policies

open Serverless.Core

let seconds (n: int) = int64 n * 1_000L<ms>
let minutes (n: int) = seconds (60 * n)
let hours (n: int) = minutes (60 * n)
let cu (n: float) = int64 (n * 1000.0) * 1L<mcu>

/// 2026-03-27T12:00:00Z, a Friday; two days later Berlin moves its clocks.
let noon = 1_774_612_800_000L<ms>

/// 2026-03-29T01:00:00Z: 02:00 to 03:00 in Berlin. 2026-10-25T01:00:00Z: 03:00 back to 02:00.
let springForward = 1_774_746_000_000L<ms>
let fallBack = 1_792_890_000_000L<ms>

let berlin: Zone =
    { Name = "Europe/Berlin"
      Transitions =
        [ { From = 1_761_440_400_000L<ms>; Offset = hours 1 }
          { From = springForward; Offset = hours 2 }
          { From = fallBack; Offset = hours 1 } ] }

let private metric name kind classOf perSize : Metric =
    { Name = name
      Type = kind
      Class = classOf
      PerSize = perSize
      Period = (if classOf = Fact then 0L<ms> else seconds 5)
      Stale = (if classOf = Fact then 0L<ms> else seconds 20)
      Source = BuiltIn
      Help = "" }

let metrics: Metric list =
    [ metric "idle" Duration Fact false
      metric "queries.running" Count Fact false
      metric "queries.held" Count Fact false
      metric "transactions.open" Count Fact false
      metric "compute.age" Duration Fact false
      metric "size" Size Fact false
      metric "spent.day" Count Fact false
      metric "cpu" Percent Sample true
      metric "memory" Percent Sample true
      metric "threads.running" Count Sample false
      metric "backup" Flag Sample false ]

/// mon..fri 08:00..19:00
let office: Schedule =
    { Name = "office"
      Include = [ { Days = Weekdays 0b0011111; From = 8 * 60; To = 19 * 60 } ]
      Exclude = [] }

/// Runs over midnight: every day 22:00..02:30.
let night: Schedule =
    { Name = "night"
      Include = [ { Days = Weekdays 0b1111111; From = 22 * 60; To = 2 * 60 + 30 } ]
      Exclude = [ { Days = Weekdays 0b1000000; From = 23 * 60; To = 23 * 60 + 10 } ] }

let here: Origin = { File = "test.rules"; Line = 1; Column = 1 }

let policy rules forbids : Policy =
    { Name = "test"
      Revision = "1"
      Zone = berlin
      Unit = { Cpu = 500L<mcpu>; Memory = 2_147_483_648L<bytes> }
      Step = 500L<mcu>
      Bounds = [ { Min = 500L<mcu>; Max = 8_000L<mcu>; During = None } ]
      Cooldown = { Up = 0L<ms>; Down = 0L<ms>; Suspend = 0L<ms> }
      Schedules = [ office; night ]
      Metrics = metrics
      Rules = rules
      Forbids = forbids }

let never: Breaking = { Transactions = None; PinnedSessions = None }

let rule name condition action : Rule =
    let on =
        match action with
        | Resume _ -> OnSuspended
        | _ -> OnRunning

    { Name = name; On = on; When = condition; Until = None; Priority = 0; Action = action; Origin = here }

let forbid name condition blocks : Forbid = { Name = name; Blocks = blocks; When = condition; Origin = here }

let idle (length: int64<ms>) = Compare(Metric "idle", GreaterOrEqual, Literal(Duration, int64 length))
let cpuAbove percent = Compare(Metric "cpu", Greater, Literal(Percent, int64 percent * 100L))
let cpuAveraged (width: int64<ms>) comparison percent = Compare(Over(Avg, "cpu", width), comparison, Literal(Percent, int64 percent * 100L))

let quiet: Activity =
    { Held = 0
      Running = 0
      Transactions = 0
      Pinned = 0
      Open = 0
      Active = 0
      UnknownPeers = 0
      LastEnded = None
      TransactionsIdle = 0L<ms>
      PinnedIdle = 0L<ms>
      QueriesRate = 0L
      QueriesLatency = 0L<ms>
      QueriesSince = None }
