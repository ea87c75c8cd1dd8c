/// Loads from files of comma-separated values: what they mean, and what is said of those that cannot be read.
module Serverless.Tests.Property.Rules.Simulating.CsvLoadTests

open System
open System.IO
open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling
open Serverless.Tests.Property.Rules.Simulating.Loads

let private folder = Path.Combine(root, "tests", "property", "Rules", "Simulating", "csv")
let files: string[] = DirectoryInfo(folder).GetFiles "*.csv" |> Array.map (fun file -> file.Name.Replace(".csv", "")) |> Array.sort

let private backed = policy (sized "metric backup : flag every 15s from sql \"SELECT 1\"\nforbid suspend when backup")

let private problem (file: LoadFile) : LoadProblem | null =
    match file.Problem, file.Load with
    | null, (null: LoadSource | null) -> null
    | null, load -> (LoadSurvey.Of(nonNull load)).Problem
    | found, _ -> found

[<TestCaseSource(nameof files)>]
let ``a file that cannot be read gives the text beside it`` (name: string) =
    let path = Path.Combine(folder, name + ".csv")

    match problem (LoadFile.Csv(path, noon, [ backed ])) with
    | null -> Assert.Fail "it can be read"
    | found ->
        let text = found.Render().Replace(path, name + ".csv")
        let golden = Path.Combine(folder, name + ".txt")

        if Environment.GetEnvironmentVariable "SERVERLESS_TEST_WRITE_GOLDEN" = "1" then
            File.WriteAllText(golden, text)

        Assert.That(text, Is.EqualTo(File.ReadAllText golden))

let private withFile (text: string) (look: string -> unit) =
    let path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.csv")
    File.WriteAllText(path, text)

    try
        look path
    finally
        File.Delete path

let private read (text: string) : LoadSource * (LoadRow * int64 list) list =
    let mutable found = Unchecked.defaultof<_>

    withFile text (fun path ->
        let file = LoadFile.Csv(path, noon, [ backed ])

        match file.Problem, file.Load with
        | null, (load: LoadSource | null) when not (isNull load) ->
            let load = nonNull load
            use reader = load.Open()
            let mutable row = LoadRow.Nothing 0L<ms>
            let values = Array.create load.Metrics.Count 0L
            let rows = ResizeArray()

            while reader.Read(&row, values) do
                rows.Add((row, List.ofArray values))

            Assert.That(isNull reader.Problem, Is.True)
            found <- (load, List.ofSeq rows)
        | problem, _ -> Assert.Fail((nonNull problem).Render()))

    found

[<Test>]
let ``plain numbers are cores, bytes, seconds and a second's statements`` () =
    let load, rows = read "time,load,resident,queries.rate,queries.latency,transactions.open\n0,0.4,1048576,2.5,0.02,1\n60,0,0,0,0,0\n"
    equal noon load.StartMs

    equal
        { LoadRow.Nothing 0L<ms> with Cpu = 400L<mcpu>; Resident = 1_048_576L<bytes>; Rate = 2_500_000L; Latency = 20L<ms>; Transactions = 1 }
        (fst rows[0])

    equal 60_000L<ms> (fst rows[1]).At

/// One in half an hour, one in four months, and less than the least there is; a mean of sessions that is not whole.
[<Test>]
let ``what is more than nothing is never read as nothing`` () =
    let _, rows = read "time,load,queries.rate,connections.open,transactions.open\n0,0.0001,0.0005,2.1,0.0001\n5,0,1e-7/s,2,0\n10,0,0.00000001,0,0\n15,0,0,0,0\n"
    equal [ 500L; 1L; 1L; 0L ] [ for row, _ in rows -> row.Rate ]
    equal [ 1L<mcpu>; 0L<mcpu>; 0L<mcpu>; 0L<mcpu> ] [ for row, _ in rows -> row.Cpu ]
    equal [ 3, 1; 2, 0; 0, 0; 0, 0 ] [ for row, _ in rows -> row.Open, row.Transactions ]

[<Test>]
let ``seconds that do not begin at nothing begin where the first row is`` () =
    let load, rows = read "time,load\n3600,1\n3660.5,0\n"
    equal (noon + 3_600_000L) load.StartMs
    equal [ 0L; 60_500L ] [ for row, _ in rows -> int64 row.At ]

[<Test>]
let ``values with their units, quotes, blanks, comments and both line ends are read`` () =
    let _, rows = read "# of the week before\r\n\"time\" , load,resident\r\n0, 400m cpu ,\"256MiB\"\r\n\r\n60,1.5e0,0\r\n"
    equal [ 400L<mcpu>; 1_500L<mcpu> ] [ for row, _ in rows -> row.Cpu ]
    equal 268_435_456L<bytes> (fst rows[0]).Resident

[<Test>]
let ``metrics of the policy are columns, and empty where nothing was measured`` () =
    let load, rows = read "time,load,backup,threads.running\n0,1,true,3\n5,1,,\n10,1,0,?\n"
    equal [ "backup"; "threads.running" ] (List.ofSeq load.Metrics)
    equal [ [ 1L; 3_000L ]; [ LoadRow.Missing; LoadRow.Missing ]; [ 0L; LoadRow.Missing ] ] [ for _, values in rows -> values ]

/// On the night that ends summer time an hour comes twice; with their offsets the instants rise all the same.
[<Test>]
let ``instants say when it begins, over a change of clocks too`` () =
    let load, rows = read "time,load\n2026-10-25T02:30+02:00,1\n2026-10-25T02:00:00+01:00,2\n2026-10-25 02:30:00.500Z,3\n"
    equal 1_792_888_200_000L load.StartMs
    equal [ 0L; 1_800_000L; 7_200_500L ] [ for row, _ in rows -> int64 row.At ]

[<Test>]
let ``a large file is read row by row`` () =
    let path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.csv")

    try
        do
            use writer = new StreamWriter(path)
            writer.WriteLine "time,load"

            for row in 0..300_000 do
                writer.WriteLine $"{row * 5},0.{row % 10}"

        match problem (LoadFile.Csv(path, noon, [])) with
        | null -> ()
        | found -> Assert.Fail(found.Render())

        let load = nonNull (LoadFile.Csv(path, noon, [])).Load
        let before = GC.GetAllocatedBytesForCurrentThread()
        let survey = LoadSurvey.Of load
        let allocated = GC.GetAllocatedBytesForCurrentThread() - before
        equal (300_000L, 1_500_000_000L, 900L) (survey.Rows, survey.LengthMs, survey.PeakCpu)
        // A hundred bytes a row: nothing that grows with the file is kept.
        Assert.That(allocated, Is.LessThan 30_000_000L)
    finally
        File.Delete path

/// A monitoring system goes on writing while a file is read: the figures of two policies would be those of two loads.
[<Test>]
let ``a file that changes while it is read is a problem, of a survey and of a simulation`` () =
    withFile "time,load\n0,1\n60,0\n" (fun path ->
        let load = nonNull (LoadFile.Csv(path, noon, [])).Load
        Assert.That(isNull (LoadSurvey.Of load).Problem)
        File.AppendAllText(path, "120,0\n")

        for problem in [ (LoadSurvey.Of load).Problem; (Simulation.Run(backed, load, ComputeModel.Default)).Problem ] do
            match problem with
            | null -> Assert.Fail "it was read as if nothing were the matter"
            | problem -> Assert.That(problem.Expected, Is.EqualTo "a file that stays as it is while it is read"))

[<Test>]
let ``what keeps it from being read to its end is shown short, and without what a terminal obeys`` () =
    for header in [ String('x', 5_000); "time,\027[31mload"; "time,lo\u202Ead,load" ] do
        withFile (header + "\n0,1\n") (fun path ->
            let text = (nonNull (LoadFile.Csv(path, noon, [])).Problem).Render().Replace(path, "")
            Assert.That(text.Length, Is.LessThan 400)
            Assert.That(text |> String.exists (fun c -> (Char.IsControl c && c <> '\n') || c = '\u202E'), Is.False))

/// Opening it would wait for a writer.
[<Test; CancelAfter(60_000)>]
let ``a pipe is no file that can be read several times`` () =
    let path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.csv")
    use made = Diagnostics.Process.Start("mkfifo", path)
    made.WaitForExit()

    try
        let problem = nonNull (LoadFile.Csv(path, noon, [])).Problem
        Assert.That(problem.Render(), Does.Contain("pipe").And.Contain "several times")
        let link = path + ".csv"
        File.CreateSymbolicLink(link, FileInfo(path).Name) |> ignore
        Assert.That(isNull (LoadFile.Csv(link, noon, [])).Problem, Is.False)
        File.Delete link
    finally
        File.Delete path

[<Test>]
let ``a file that is not there is a problem, and so is a folder`` () =
    for path in [ Path.Combine(folder, "nothing.csv"); folder ] do
        match (LoadFile.Csv(path, noon, [])).Problem with
        | null -> Assert.Fail path
        | found -> Assert.That(found.Expected, Is.EqualTo "a file that can be read")

[<FsCheck.NUnit.Property(MaxTest = 300, QuietOnSuccess = true)>]
let ``whatever the bytes, there is a load or a problem`` (bytes: byte[], isHeaded: bool) =
    let path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.csv")

    try
        File.WriteAllBytes(path, Array.append (if isHeaded then "time,load\n"B else [||]) bytes)
        problem (LoadFile.Csv(path, noon, [])) |> ignore
    finally
        File.Delete path
