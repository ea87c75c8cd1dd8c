/// A load that was written is the same when it is read.
module Serverless.Tests.Property.Rules.Simulating.LoadTextTests

open System
open System.IO
open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling
open Serverless.Tests.Property.Rules.Simulating.Loads
open Serverless.Tests.Property.Rules.Simulating.SimulationProperties

let private rowsOf (load: LoadSource) =
    use reader = load.Open()
    let values = Array.zeroCreate load.Metrics.Count
    let mutable row = LoadRow.Nothing 0L<ms>
    [ while reader.Read(&row, values) do
          $"%A{row} %A{List.ofArray values}" ]

let private readBack (load: LoadSource) (policies: Policy list) (look: LoadSource -> unit) =
    let path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.csv")

    try
        using (new StreamWriter(path)) (fun file -> LoadText.Write(load, policies, file) |> ignore)
        let file = LoadFile.Csv(path, 0L, policies)
        Assert.That(file.Problem, Is.Null)
        look (nonNull file.Load)
    finally
        File.Delete path

[<FsCheck.NUnit.Property(MaxTest = 60, QuietOnSuccess = true, Arbitrary = [| typeof<Cases'> |])>]
let ``rows are read as they were written`` (case: Case) =
    let given = case.Rows |> List.map (fun row -> { row with Rate = max 0L row.Rate; Latency = min row.Latency 86_400_000L<ms> })
    let load = rows given

    readBack load [] (fun again ->
        equal load.StartMs again.StartMs
        equal (rowsOf load) (rowsOf again)
        let play load = figures (Simulation.Run(example case.Policy, load, case.Compute))
        equal (play load) (play again))

[<Test>]
let ``metrics of a policy are read as they were written`` () =
    let own = policy (sized "metric backup : flag every 15s from sql \"SELECT 1\"\nmetric share : percent every 15s from sql \"SELECT 1\"\nrule r on running { when backup or share > 50% do resize to 1cu }")
    let recorded = RecordedLoad()
    let add at event = recorded.Add({ At = at; Event = event }, own.Unit, Phase.Running, 1_000L)
    add (noon * 1L<ms>) (Measured("backup", 1L))
    add ((noon + 1_500L) * 1L<ms>) (Measured("share", 1_234L))
    add ((noon + 9_000L) * 1L<ms>) (Measured("backup", 0L))
    add ((noon + 20_000L) * 1L<ms>) Tick
    let load = recorded.ToLoad "recorded"
    // where nothing is known to come, nothing comes
    let known = List.map (fun (row: string) -> row.Replace("Rate = -1L", "Rate = 0L"))
    readBack load [ own ] (fun again -> equal (known (rowsOf load)) (rowsOf again))

[<Test>]
let ``a load that does not say how many statements come is refused`` () =
    use file = new StringWriter()

    let isRefused =
        try
            LoadText.Write(rows [ work 0 100L<mcpu>; LoadRow.Nothing(seconds 5) ], [], file) |> ignore
            false
        with :? ArgumentException ->
            true

    Assert.That(isRefused, Is.True)
