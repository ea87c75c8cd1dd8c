/// What holds of every search, whatever the load and the bounds.
module Serverless.Tests.Property.Rules.Fitting.FitProperties

open System
open System.Threading
open FsCheck
open FsCheck.FSharp
open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling
open Serverless.Tests.Property.Rules.Simulating.Loads

let private text =
    sized
        """
# the team's own
rule sleep on running  { when idle >= tune 5m in 10s .. 1h do suspend }  # behind it
rule grow on running   { when avg(cpu, 1m) > tune 75% in 30% .. 95%   do resize up 50% }
rule shrink on running { when avg(cpu, tune 10m) < tune 20% in 5% .. 60% do resize down 0.5cu }
"""

let private set = lazy (compile text)

type Search =
    { Rows: LoadRow list
      Bounds: (FitFigure * float) list
      Seed: uint64 }

type Searches =
    static member Search() : Arbitrary<Search> =
        gen {
            let! count = Gen.choose (1, 8)
            let! lengths = Gen.listOfLength count (Gen.choose (30, 2_000))
            let! cpu = Gen.listOfLength count (Gen.oneof [ Gen.constant 0; Gen.choose (1, 2_500) ])
            let ends = lengths |> List.scan (+) 0
            let busy = List.map2 (fun at cpu -> statements at (int64 cpu * 1L<mcpu>) (if cpu = 0 then 0L else 5L)) (List.truncate count ends) cpu
            let! figures = Gen.nonEmptyListOf (Gen.zip (Gen.elements (List.ofSeq (Enum.GetValues<FitFigure>()))) (Gen.elements [ 0.0; 0.01; 0.5; 20.0; 1_500.0; 60_000.0 ]))
            let! seed = Gen.choose (0, 1_000)
            return { Rows = busy @ [ LoadRow.Nothing(seconds (List.last ends)) ]; Bounds = List.truncate 2 figures; Seed = uint64 seed }
        }
        |> Arb.fromGen

let private suite () = set.Value.Suites[0]

let private run (tries: int) (search: Search) =
    let bounds = [ for figure, most in search.Bounds -> FitBound(figure, most) ]
    Fitter.Run(set.Value, suite (), { FitSearch.Of([ rows search.Rows ], bounds) with Seed = search.Seed; Tries = tries }, ignore, CancellationToken.None)

let private told (run: FitRun) =
    List.ofSeq run.Best.Values, run.Best.UnitHours, run.Tried, run.Refused, [ for one in run.Curve -> List.ofSeq one.Values, one.UnitHours ]

[<FsCheck.NUnit.Property(MaxTest = 25, Arbitrary = [| typeof<Searches> |])>]
let ``what is found keeps its bounds when its files are simulated, and is never dearer than a start that keeps them`` (search: Search) =
    let run = run 40 search

    let changed =
        match Seq.tryHead (Fitter.Rewritten(set.Value, suite (), run.Best)) with
        | Some file -> compile file.After
        | None -> set.Value

    let again = Simulation.Run(changed.Policies[0], rows search.Rows, ComputeModel.Default)
    equal run.Best.UnitHours again.UnitHours

    for figure in Enum.GetValues<FitFigure>() do
        equal (run.Best.Figure figure) (FitFigures.ofPrediction figure again)

    if run.Found then
        for figure, most in search.Bounds do
            Assert.That(FitFigures.ofPrediction figure again, Is.LessThanOrEqualTo most, string figure)

    if run.Start.KeepsBounds then
        Assert.That(run.Found, Is.True)
        Assert.That(run.Best.UnitHours, Is.LessThanOrEqualTo run.Start.UnitHours)

    Assert.That(run.Tried + run.Refused, Is.LessThanOrEqualTo 40)
    // The checker has nothing to say of it that it did not say of the start.
    Assert.That(changed.Diagnostics.Count, Is.LessThanOrEqualTo set.Value.Diagnostics.Count, changed.Render())

[<FsCheck.NUnit.Property(MaxTest = 10, Arbitrary = [| typeof<Searches> |])>]
let ``the same seed gives the same answer`` (search: Search) = equal (told (run 40 search)) (told (run 40 search))

[<FsCheck.NUnit.Property(MaxTest = 10, Arbitrary = [| typeof<Searches> |])>]
let ``along the curve it costs more and is waited less`` (search: Search) =
    for cheaper, dearer in Seq.pairwise (run 40 search).Curve do
        Assert.That(cheaper.UnitHours, Is.LessThan dearer.UnitHours)
        Assert.That(cheaper.Figure FitFigure.WaitMean, Is.GreaterThan(dearer.Figure FitFigure.WaitMean))

let private oneMark = sized "rule sleep on running { when idle >= tune 5m in 10s .. 1h do suspend }\n"

/// Statements every two minutes for an hour.
let private rare =
    { Rows = [ for minute in 0..2..58 do
                   statements (minute * 60) 50L<mcpu> 5L
                   statements (minute * 60 + 10) 0L<mcpu> 0L ]
             @ [ LoadRow.Nothing(seconds 3_600) ]
      Bounds = [ FitFigure.WakesPerDay, 50.0 ]
      Seed = 1UL }

[<Test>]
let ``a grid that is no larger than the tries is tried whole, and the cheapest of all that keeps the bounds is found`` () =
    let set = compile oneMark
    let bounds = [ FitBound(FitFigure.WakesPerDay, 50.0) ]
    let run = Fitter.Run(set, set.Suites[0], FitSearch.Of([ rows rare.Rows ], bounds), ignore, CancellationToken.None)
    Assert.That(run.IsWhole, Is.True)
    Assert.That(run.Found, Is.True)
    // Awake through every gap of two minutes, and no longer than that needs.
    Assert.That(run.Best.Values[0], Is.GreaterThan 110_000L)
    Assert.That(run.Best.UnitHours, Is.LessThanOrEqualTo run.Start.UnitHours)

[<Test>]
let ``bounds that nothing keeps are said not to be kept, and what is nearest is told`` () =
    let run = run 30 { rare with Bounds = [ FitFigure.WakesPerDay, 0.0 ] }
    Assert.That(run.Found, Is.False)
    Assert.That(run.Best.Excess, Is.LessThanOrEqualTo run.Start.Excess)

[<Test>]
let ``what the checker warns of is left out and counted`` () =
    // Above half of what grows it, shrinking and growing follow each other for ever.
    let set = compile (sized "rule grow on running { when avg(cpu, 1m) > 75% do resize up 50% }\nrule shrink on running { when avg(cpu, 10m) < tune 20% in 10% .. 70% do resize down 0.5cu }\n")
    equal [] (codes set)
    let run = Fitter.Run(set, set.Suites[0], FitSearch.Of([ rows rare.Rows ], [ FitBound(FitFigure.WaitP95, 60_000.0) ]), ignore, CancellationToken.None)
    Assert.That(run.Refused, Is.GreaterThan 0)
    Assert.That(run.Best.Values[0], Is.LessThan 4_000L)

[<Test>]
let ``only the literals change in the files`` () =
    let run = run 40 { rare with Bounds = [ FitFigure.WaitLongest, 2_000.0 ] }
    let after = match Seq.tryHead (Fitter.Rewritten(set.Value, suite (), run.Best)) with Some file -> file.After | None -> text
    let withoutLiterals (text: string) = Text.RegularExpressions.Regex.Replace(text, @"tune \S+", "tune")
    equal (withoutLiterals text) (withoutLiterals after)
