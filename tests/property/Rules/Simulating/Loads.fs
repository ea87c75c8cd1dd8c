/// Short ways to loads and simulations in tests.
module Serverless.Tests.Property.Rules.Simulating.Loads

open System.IO
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling

/// A Monday at noon, UTC.
let noon = 1_772_452_800_000L

let seconds (n: int) = int64 n * 1_000L<ms>

/// Work from then on, and nothing of statements.
let work (at: int) (cpu: int64<mcpu>) : LoadRow = { LoadRow.Nothing(seconds at) with Cpu = cpu }

/// So many statements a second, of 10 ms each, that bring this work.
let statements (at: int) (cpu: int64<mcpu>) (rate: int64) : LoadRow =
    { work at cpu with Rate = rate * 1_000_000L; Latency = (if rate = 0L then 0L<ms> else 10L<ms>) }

let rows (rows: LoadRow list) : LoadSource = RowsLoad("rows", noon, rows)

let private examples = lazy (RuleFiles.Load(Path.Combine(root, "rules", "examples"))).Policies
let example (name: string) : Policy = examples.Value |> Seq.find (fun policy -> policy.Name = name)

/// Everything there is to compare of a prediction.
let figures (it: Prediction) =
    [ it.UnitMs.ToString System.Globalization.CultureInfo.InvariantCulture
      $"{it.SuspendedMs} {it.ShortMs} {it.Wakes} {it.Suspends} {it.Resizes} {it.Flaps}"
      $"{it.Arrived} {it.Answered} {it.Refused} {it.Waiting} {it.WorkArrived} {it.WorkDone} {it.WorkRefused} {it.WorkWaiting}"
      $"{it.Waits.P50} {it.Waits.P95} {it.Waits.P99} {it.Waited.P50} {it.Waited.P95} {it.Waited.P99} {it.LongestWait} {it.MeanWait} {it.MeanHeld}"
      $"{it.Steps} {it.LengthMs}" ]

/// The size over the time in which a compute is up, added up from phases and sizes alone.
let integral (it: Prediction) : decimal =
    let isUp phase = List.contains phase [ Phase.Running; Phase.Resizing; Phase.Draining; Phase.Suspending ]
    let ends = Seq.append (it.Standings |> Seq.skip 1 |> Seq.map _.At) [ it.LengthMs * 1L<ms> ]

    Seq.zip it.Standings ends
    |> Seq.sumBy (fun (standing, until) -> if isUp standing.Phase then decimal (int64 standing.Size) * decimal (int64 (until - standing.At)) else 0m)
