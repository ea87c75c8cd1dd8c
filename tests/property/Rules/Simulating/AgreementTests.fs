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

let private compare (policy: Policy) (begins: StartState) (scenario: Scenario) (timed: LoadRow list) : unit =
    let course = Player.play policy [] scenario
    let tally = Tally()
    Simulator(policy, ComputeModel.Default, rows timed, begins, tally, ValueNone).Run() |> ignore
    let until = (List.last timed).At
    let told (standings: Standing seq) = [ for one in standings do if one.At < until then int64 one.At, one.Phase, int64 one.Size ]
    equal (told course.Standings) (told tally.Standings)

let private agree (policy: Policy) (least: int64<mcu>) (steps: (int * int) list) isSuspended =
    let ends = steps |> List.scan (fun at (minutes, _) -> at + 60 * minutes) 0
    let cpu part = int64 (ComputeUnit.cpu least policy.Unit) * int64 part / 100L * 1L<mcpu>
    let timed = List.map2 (fun at (_, part) -> { work at (cpu part) with Resident = 100_000_000L<bytes> }) (List.truncate steps.Length ends) steps @ [ work (List.last ends) 0L<mcpu> ]
    let begins = if isSuspended then StartsSuspended(Some least) else StartsRunning(least, None)
    compare policy begins (scenario begins timed) timed

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

/// Lone statements that come together or by themselves: milliseconds since the ones before, how many, and how long each takes.
type Lone =
    | Lone of gaps: (int64 * int) list * length: int64

    static member Arbitrary() : Arbitrary<Lone> =
        Gen.zip (Gen.zip (Gen.choose64 (1L, 2_000_000L)) (Gen.choose (1, 5)) |> Gen.nonEmptyListOf) (Gen.choose64 (1L, 90_000L))
        |> Gen.map (fun (gaps, length) -> Lone([ for gap, count in List.truncate 12 gaps -> length + 1_000L + gap, count ], length))
        |> Arb.fromGen

/// Where a compute sleeps they are held first.
[<FsCheck.NUnit.Property(MaxTest = 40, QuietOnSuccess = true, Arbitrary = [| typeof<Lone> |])>]
let ``statements that are held, or come by themselves, are those of a scenario`` (Lone(gaps, length), isSuspended: bool) =
    let times = gaps |> List.scan (fun at (gap, _) -> at + gap * 1L<ms>) 0L<ms> |> List.tail
    let quiet at = { LoadRow.Nothing at with Rate = 0L; Resident = 100_000_000L<bytes> }
    let comes at count = { quiet at with Come = count; Latency = length * 1L<ms> }
    let timed = quiet 0L<ms> :: List.map2 (fun at (_, count) -> comes at count) times gaps @ [ quiet (List.last times + 1_234_567L<ms>) ]

    for name in names do
        let policy = example name
        let least = policy.Bounds |> List.filter _.During.IsNone |> List.map _.Min |> List.max
        let begins = if isSuspended then StartsSuspended(Some least) else StartsRunning(least, None)
        let events = List.map2 (fun at (_, count) -> struct (at, Statements(count, length * 1L<ms>))) times gaps
        compare policy begins { scenario begins timed with Events = events } timed

/// Ten a second at half of what they need: five wait more each second. One size up none more, and half a minute later, two sizes up, they are worked off
/// by as many a second.
[<Test>]
let ``a queue that grows and shrinks is that of a scenario`` () =
    let rules =
        "unit cu = 500m cpu + 2GiB memory\ncooldown up 30s, down 3s\nrule up on running { when queries.running > 20 do resize up 0.5cu }\n"
        + "rule down on running { when queries.running < 5 for 3s do resize down 0.5cu }"

    let policy = policy (sized rules)
    let begins = StartsRunning(500L<mcu>, None)
    let timed = [ { statements 0 500L<mcpu> 10L with Resident = 1L<bytes> }; work 47 0L<mcpu> ]
    let ramp from until first last : Piece = { From = seconds from; To = seconds until; First = first * 1_000L; Last = last * 1_000L; IsMissing = false }
    let running: Series = { Name = "queries.running"; Type = Count; Pieces = [| ramp 0 5 1L 26L; ramp 5 36 26L 26L; ramp 36 41 26L 1L; ramp 41 48 1L 1L |] }
    let plain = scenario begins timed
    let course = { plain with Series = running :: plain.Series }
    compare policy begins course timed
    equal 3 (Player.play policy [] course).Actions.Length

/// Rows that begin and end where a schedule does, and in the middle of it.
[<TestCase(30, 30)>]
[<TestCase(31, 29)>]
[<TestCase(29, 32)>]
let ``the edges of a schedule are those of a scenario`` (before: int, within: int) =
    let rules =
        "size 0.5cu .. 8cu step 0.5cu\nsize 2cu .. 8cu during office\nschedule office = mon..fri 12:30..13:00\n"
        + "rule sleep on running { when idle >= 2m and not office do suspend }\nrule early on suspended { when office do resume }"

    agree (policy rules) 500L<mcu> [ before, 0; within, 0; 30, 40; 30, 0 ] false
