/// What holds of every simulation, whatever policy and load: nothing is lost, nothing is charged that was not up, and the same is the same again.
module Serverless.Tests.Property.Rules.Simulating.SimulationProperties

open FsCheck
open FsCheck.FSharp
open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling
open Serverless.Tests.Property.Rules.ExampleTests
open Serverless.Tests.Property.Rules.Simulating.Loads

type Case =
    { Policy: string
      Rows: LoadRow list
      Compute: ComputeModel }

type Cases' =
    static member private Row: Gen<LoadRow> =
        gen {
            let! length = Gen.elements [ 1L; 250L; 1_000L; 5_000L; 60_000L; 601_234L; 3_600_000L ]
            let! cpu = Gen.oneof [ Gen.constant 0L; Gen.choose64 (1L, 400L); Gen.choose64 (1L, 9_000L) ]
            let! rate = Gen.oneof [ Gen.constant LoadRow.NotGiven; Gen.constant 0L; Gen.choose64 (1L, 999_999L); Gen.choose64 (1_000_000L, 2_000_000_000L) ]
            let! come = Gen.frequency [ 5, Gen.constant 0; 1, Gen.choose (1, 20) ]
            let! running = Gen.frequency [ 5, Gen.constant 0; 1, Gen.choose (1, 20) ]
            let! latency = Gen.oneof [ Gen.constant 0L; Gen.choose64 (1L, 90_000L) ]
            let! resident = Gen.choose64 (0L, 6_000_000_000L)
            let! transactions = Gen.frequency [ 5, Gen.constant 0; 1, Gen.choose (1, 3) ]
            // The length for now: times come of it.
            return { At = length * 1L<ms>; Cpu = cpu * 1L<mcpu>; Rate = rate; Come = come; Running = running; Latency = latency * 1L<ms>; Resident = resident * 1L<bytes>; Transactions = transactions; Pinned = 0; Open = transactions }
        }

    static member Case() : Arbitrary<Case> =
        gen {
            let! name = Gen.elements names
            let! rows = Gen.nonEmptyListOf Cases'.Row
            let! start, stop, resize = Gen.three (Gen.elements [ 0L; 1L; 800L; 5_000L; 90_000L ])
            let! warm, cold, speed = Gen.zip3 (Gen.elements [ 0L; 30_000L ]) (Gen.choose (1, 100)) (Gen.elements [ 1; 100; 250 ])
            let ends = rows |> List.scan (fun at (row: LoadRow) -> at + row.At) 0L<ms>
            let timed = List.map2 (fun at (row: LoadRow) -> { row with At = at }) (List.truncate rows.Length ends) rows @ [ LoadRow.Nothing(List.last ends) ]

            return
                { Policy = name
                  Rows = timed
                  Compute = { StartMs = start; StopMs = stop; ResizeMs = resize; WarmUpMs = warm; Cold = cold; Speed = speed } }
        }
        |> Arb.fromGen

let private run (case: Case) = Simulation.Run(example case.Policy, rows case.Rows, case.Compute)

[<FsCheck.NUnit.Property(MaxTest = 200, QuietOnSuccess = true, Arbitrary = [| typeof<Cases'> |])>]
let ``every statement is answered, refused or still waiting, and all work is done, refused or still to do`` (case: Case) =
    let it = run case
    equal it.Arrived (it.Answered + it.Refused + it.Waiting)
    equal it.WorkArrived (it.WorkDone + it.WorkRefused + it.WorkWaiting)

[<FsCheck.NUnit.Property(MaxTest = 200, QuietOnSuccess = true, Arbitrary = [| typeof<Cases'> |])>]
let ``unit hours are the size over the time that a compute is up`` (case: Case) =
    let it = run case
    equal (integral it) it.UnitMs

/// Two that count apart: here the phases and sizes as they come, there the kernel, which rules read as `spent.month`.
[<FsCheck.NUnit.Property(MaxTest = 100, QuietOnSuccess = true, Arbitrary = [| typeof<Cases'> |])>]
let ``unit hours are what the kernel says was spent`` (case: Case) =
    let start = 1_772_323_200_000L<ms> // the first of March, UTC: noon there is March anywhere
    let load = RowsLoad("rows", int64 start + 43_200_000L, case.Rows)
    let tally = Tally()
    let simulator = Simulator(example case.Policy, case.Compute, load, StartsSuspended None, tally, ValueNone)
    let length = simulator.Run()

    if length < 29L * 86_400_000L<ms> then
        equal (int64 (truncate (tally.UnitMs / 3_600_000m))) (Kernel.view simulator.State (start + 43_200_000L<ms> + length)).SpentMonth

[<FsCheck.NUnit.Property(MaxTest = 100, QuietOnSuccess = true, Arbitrary = [| typeof<Cases'> |])>]
let ``waits are in order, and shares within one`` (case: Case) =
    let it = run case

    for waits in [ it.Waits; it.Waited ] do
        Assert.That([ 0L; waits.P50; waits.P95; waits.P99; it.LongestWait ], Is.Ordered)

    Assert.That(it.Suspended, Is.InRange(0.0, 1.0))
    Assert.That(it.Short, Is.InRange(0.0, 1.0))
    Assert.That(it.LongestWait, Is.LessThanOrEqualTo it.LengthMs)

[<FsCheck.NUnit.Property(MaxTest = 50, QuietOnSuccess = true, Arbitrary = [| typeof<Cases'> |])>]
let ``the same again is the same to the last digit`` (case: Case) = equal (figures (run case)) (figures (run case))

/// Rows that say nothing new change nothing of what flows.
[<FsCheck.NUnit.Property(MaxTest = 100, QuietOnSuccess = true, Arbitrary = [| typeof<Cases'> |])>]
let ``a row that is cut in two is the same row`` (case: Case) =
    let cut =
        List.pairwise case.Rows
        |> List.collect (fun (row: LoadRow, next: LoadRow) -> if next.At - row.At >= 2L<ms> then [ row; { row with At = row.At + (next.At - row.At) / 2L; Come = 0 } ] else [ row ])

    let play rows' = Simulation.AlwaysOn(example case.Policy, 1_000L, rows rows', case.Compute)
    let it, again = play case.Rows, play (cut @ [ List.last case.Rows ])
    equal (it.UnitMs, it.ShortMs, it.Arrived, it.WorkArrived, it.WorkDone) (again.UnitMs, again.ShortMs, again.Arrived, again.WorkArrived, again.WorkDone)
