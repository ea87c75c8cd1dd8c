/// A simulation and `rules test` decide alike: the same course of phases and sizes comes of the same load.
module Serverless.Tests.Property.Rules.Simulating.AgreementTests

open FsCheck
open FsCheck.FSharp
open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling
open Serverless.Tests.Property.Rules.ExampleTests
open Serverless.Tests.Property.Rules.Simulating.Loads

/// Minutes, and part of what the least size has, in percent: what piles up in a start, of which `rules test` knows nothing, is done by the next sample.
type Steps =
    | Steps of (int * int) list

    static member Arbitrary() : Arbitrary<Steps> =
        Gen.zip (Gen.choose (1, 40)) (Gen.oneof [ Gen.constant 0; Gen.choose (1, 60) ])
        |> Gen.nonEmptyListOf
        |> Gen.map (fun steps -> Steps(List.truncate 12 steps))
        |> Arb.fromGen

let private piece (from: int64<ms>) (until: int64<ms>) (value: int64) : Piece = { From = from; To = until; First = value; Last = value; IsMissing = false }

let private scenario (begins: StartState) (rows: LoadRow list) : Scenario =
    let last = (List.last rows).At
    let series name kind (value: LoadRow -> int64) : Series =
        { Name = name
          Type = kind
          Pieces = [| for row, next in List.pairwise rows -> piece row.At (if next.At = last then last + 1L<ms> else next.At) (value row) |] }

    { ClosedLoop.scenario { Cpu = 0L<mcpu>; Resident = 0L<bytes> } 500L<mcu> (noon * 1L<ms>) last with
        Begins = begins
        Series = [ series Given.load Cpu (fun row -> int64 row.Cpu); series Given.resident Bytes (fun row -> int64 row.Resident) ] }

let private agree (policy: Policy) (least: int64<mcu>) (steps: (int * int) list) isSuspended =
    let ends = steps |> List.scan (fun at (minutes, _) -> at + 60 * minutes) 0
    let cpu part = int64 (ComputeUnit.cpu least policy.Unit) * int64 part / 100L * 1L<mcpu>
    let timed = List.map2 (fun at (_, part) -> { work at (cpu part) with Resident = 100_000_000L<bytes> }) (List.truncate steps.Length ends) steps @ [ work (List.last ends) 0L<mcpu> ]
    let begins = if isSuspended then StartsSuspended(Some least) else StartsRunning(least, None)
    let course = Player.play policy [] (scenario begins timed)
    let tally = Tally()
    Simulator(policy, ComputeModel.Default, rows timed, begins, tally).Run() |> ignore
    let until = (List.last timed).At
    let told (standings: Standing seq) = [ for one in standings do if one.At < until then int64 one.At, one.Phase, int64 one.Size ]
    equal (told course.Standings) (told tally.Standings)

[<FsCheck.NUnit.Property(MaxTest = 40, QuietOnSuccess = true, Arbitrary = [| typeof<Steps> |])>]
let ``phases and sizes are those of a scenario with the same load`` (Steps steps, isSuspended: bool) =
    for name in names do
        let policy = example name
        let least = policy.Bounds |> List.filter _.During.IsNone |> List.map _.Min |> List.max
        agree policy least steps isSuspended

[<Test>]
let ``also while the policy that ships grows, shrinks, sleeps and wakes`` () =
    let policy = (RuleFiles.Load(System.IO.Path.Combine(root, "rules"))).Policies[0]
    agree policy 500L<mcu> [ 10, 92; 10, 92; 40, 10; 20, 0; 10, 40; 20, 0 ] false
