/// Whatever the bytes, the compiler answers.
module Serverless.Tests.Property.Rules.FuzzTests

open System
open System.Diagnostics
open System.IO
open System.Text
open FsCheck
open FsCheck.FSharp
open NUnit.Framework
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling

/// Compiles, renders and formats, and holds what must be true of every answer.
let private answers (text: string) =
    let set = compile text
    let lines = text.Split '\n'

    for found in set.Diagnostics do
        Assert.That(found.Line, Is.InRange(1, lines.Length))
        Assert.That(found.Column, Is.InRange(1, lines[found.Line - 1].Length + 1))
        Assert.That(found.EndLine > found.Line || found.EndColumn >= found.Column)
        Assert.That(found.Render() |> Seq.exists (fun c -> Char.IsControl c && c <> '\n'), Is.False)

    match Formatter.format (SourceText("test.rules", text)) with
    | Error findings -> Assert.That(findings, Is.Not.Empty)
    | Ok once -> Assert.That(Formatter.format (SourceText("test.rules", once)), Is.EqualTo(Result<string, Finding list>.Ok once))

    set.IsValid = (set.Policies.Count > 0)

[<FsCheck.NUnit.Property(MaxTest = 300)>]
let ``random bytes give a policy or a diagnostic`` (bytes: byte[]) =
    answers (Encoding.UTF8.GetString bytes)

let private words =
    [| "rule"; "policy"; "unit"; "size"; "cooldown"; "schedule"; "let"; "metric"; "forbid"; "property"; "scenario"; "extends"; "zone"
       "on"; "running"; "suspended"; "when"; "until"; "do"; "for"; "priority"; "and"; "or"; "not"; "during"; "except"; "daily"; "mon"; "fri"
       "cpu"; "idle"; "memory"; "office"; "busy"; "avg"; "forecast"; "rate"; "suspend"; "resume"; "resize"; "up"; "down"; "to"; "track"; "at"
       "breaking"; "transactions"; "pinned"; "sessions"; "every"; "stale"; "from"; "sql"; "step"; "cu"; "default"; "true"; "false"; "flag"
       "{"; "}"; "("; ")"; ","; ":"; "="; "=="; "<"; ">="; "!="; "+"; "-"; ".."; "\""; "#"; "\\"; "\n"; "\n"; "\n  "; " "; "\t"; "\r\n"; "\000"
       "property x ="; "scenario \"x\" {"; "most"; "per"; "never"; "always"; "leads"; "first"; "within"; "while"; "settles"; "without"
       "start 2026-03-02T20:00+01:00 running 2cu"; "start"; "expect"; "nothing"; "no"; "by"; "between"; "after"; "over"; "->"; "rising"; "?"; "times"; "takes"; "fails"
       "operator"; "statement"; "compute"; "crashes"; "clock"; "forward"; "back"; "machine"; "load"; "resident"; "spent.month"
       "5m"; "75%"; "2/s"; "0.5cu"; "500m cpu"; "2GiB"; "1h30m"; "08:00..19:00"; "2026-12-24"; "99999999999999999999"; "0.0001%"; "é"; "\u001b[31m" |]

/// Random words of the language come much further than random bytes.
[<FsCheck.NUnit.Property(MaxTest = 500)>]
let ``random words of the language give a policy or a diagnostic`` () =
    Prop.forAll (Arb.fromGen (Gen.listOf (Gen.elements words))) (fun picked -> answers (String.concat " " picked))

let private shipped = File.ReadAllText(Path.Combine(root, "rules", "default.rules"))

/// Files that are nearly right: one piece of a good one replaced or cut out.
[<FsCheck.NUnit.Property(MaxTest = 300)>]
let ``a good file with a piece replaced gives a policy or a diagnostic`` (from: PositiveInt) (length: NonNegativeInt) (word: int) =
    let at = from.Get * 97 % shipped.Length
    let cut = min (length.Get % 20) (shipped.Length - at)
    answers (shipped.Remove(at, cut).Insert(at, words[abs (word % words.Length)]))

[<FsCheck.NUnit.Property(MaxTest = 200)>]
let ``a good file cut short anywhere gives a policy or a diagnostic`` (at: NonNegativeInt) =
    answers (shipped.Substring(0, at.Get * 131 % shipped.Length))

let private isLong = Environment.GetEnvironmentVariable "SERVERLESS_TEST_LONG" = "1"

/// Bytes, words of the language, and good files with pieces replaced, in turn: 20,000 of them, a million in the long form.
/// In a thread of its own, so that what hangs fails here.
[<Test>]
let ``the compiler and the formatter answer whatever they are given`` () =
    let count = if isLong then 1_000_000 else 20_000
    let seed = Random.Shared.Next()
    let random = Random seed
    let mutable last = ""
    let mutable slowest = TimeSpan.Zero

    let text (kind: int) =
        match kind with
        | 0 ->
            let bytes = Array.zeroCreate<byte> (random.Next 200)
            random.NextBytes bytes
            Encoding.UTF8.GetString bytes
        | 1 -> String.Join(' ', [| for _ in 0 .. random.Next 60 -> words[random.Next words.Length] |])
        | 2 ->
            let at = random.Next shipped.Length
            let cut = random.Next(min 40 (shipped.Length - at))
            shipped.Remove(at, cut).Insert(at, words[random.Next words.Length])
        | _ -> shipped.Substring(random.Next shipped.Length)

    let work () =
        for index in 1..count do
            last <- text (index % 4)
            let watch = Stopwatch.StartNew()
            Assert.That(answers last)
            slowest <- max slowest watch.Elapsed

    let run = System.Threading.Tasks.Task.Run work
    let minutes = if isLong then 60.0 else 5.0

    try
        Assert.That(run.Wait(TimeSpan.FromMinutes minutes), Is.True, "one of them does not end")
    with error ->
        Assert.Fail $"{error.GetBaseException().Message}\nseed {seed}, text %A{last}"

    TestContext.Out.WriteLine $"{count} texts, seed {seed}, the slowest {slowest.TotalMilliseconds} ms"

let private repeated (length: int) (text: string) = String.replicate (length / text.Length) text
let private numbered (length: int) (line: int -> string) = String.concat "\n" [ for i in 1 .. length / (line 10_000).Length -> line i ]

/// Files of any length in all shapes that come to mind.
let private shapes: (string * (int -> string)) list =
    [ "rules", fun n -> sized (numbered n (fun i -> $"rule r{i} on running {{ when avg(cpu, 1m) > 75%% and (idle > 3s or memory < 5%%) for 3s do resize up 50%% }}"))
      "unknown names", fun n -> sized (numbered n (fun i -> $"rule r{i} on running {{ when name{i} do suspend }}"))
      "a chain of lets", fun n -> sized (numbered n (fun i -> $"let a{i} = a{i + 1}"))
      "a chain of lets backwards", fun n -> sized (numbered n (fun i -> $"let a{100_000 - i} = a{100_001 - i}"))
      "lets that double", fun n -> sized (numbered n (fun i -> $"let a{i} = a{i - 1} and a{i - 1}") + "\nlet a0 = true")
      "policies", fun n -> numbered n (fun i -> $"policy p{i} zone \"Europe/Berlin\"\nsize 1cu .. 2cu")
      "policies that extend each other", fun n -> numbered n (fun i -> $"policy p{i} extends p{i + 1}\nsize 1cu .. 2cu")
      "parentheses", fun n -> "let x = " + repeated n "("
      "calls", fun n -> "let x = " + repeated n "avg("
      "not", fun n -> "let x = " + repeated n "not "
      "one long condition", fun n -> "let x = true" + repeated n " and true"
      "one long condition with parentheses", fun n -> "let x = true" + repeated n " or (true and (true for 5m))"
      "one long number", fun n -> "let x = " + repeated n "9"
      "one long duration", fun n -> "let x = " + repeated n "1h"
      "one long name", fun n -> repeated n "a"
      "one long name with points", fun n -> "let x = " + repeated n "a."
      "one long schedule", fun n -> "schedule x = mon" + repeated n ", 2026-12-24..2026-12-26 08:00..09:00"
      "one long cooldown", fun n -> "cooldown up 1s" + repeated n ", up 1s"
      "one long forbid", fun n -> "forbid suspend" + repeated n ", resize"
      "clauses", fun n -> "rule x on running {" + repeated n " when idle > 5m" + "}"
      "a long scenario", fun n -> "scenario \"x\" {\n" + repeated n " cpu = 5% for 2m, 7% -> 8% over 3m\n" + "}"
      "a long series", fun n -> "scenario \"x\" { cpu = 5%" + repeated n ", 7% for 2m" + "}"
      "keywords", fun n -> repeated n "let\n"
      "keywords on one line", fun n -> repeated n "rule "
      "quotes", fun n -> repeated n "\"\n"
      "quotes on one line", fun n -> "policy zone " + repeated n "\""
      "one long string", fun n -> "policy zone \"" + repeated n "\\\"" + "\""
      "braces", fun n -> "scenario \"x\" " + repeated n "{"
      "comments", fun n -> repeated n "# why\n"
      "comments behind code", fun n -> "let x =" + repeated n " # why\n not\n" + "true"
      "comments that go on", fun n -> "size 1cu .. 2cu  # why\n" + repeated n "                 # and\n"
      "one long comment", fun n -> repeated n "#"
      "comments between parts", fun n -> "let x = true" + repeated n " # why\n and true"
      "blanks", fun n -> repeated n " "
      "empty lines", fun n -> repeated n "\n"
      "line ends of old", fun n -> repeated n "# a\r"
      "zeros", fun n -> repeated n "\000" ]

let names: string list = List.map fst shapes

/// Processor time of this thread's work, the best of some runs: what else the machine does only ever adds to it.
let private cost (text: string) : float =
    let once () =
        let self = Process.GetCurrentProcess()
        let before = self.TotalProcessorTime
        (compile text).Render() |> ignore
        Formatter.format (SourceText("test.rules", text)) |> ignore
        self.Refresh()
        (self.TotalProcessorTime - before).TotalSeconds

    List.min [ for _ in 1..3 -> once () ]

/// What grows with the square of the length costs sixteen times as much for four times the length; four times is linear.
[<TestCaseSource(nameof names); NonParallelizable>]
let ``a megabyte of anything is answered soon, and twice as much in twice the time`` (name: string) =
    let make = shapes |> List.find (fun (found, _) -> found = name) |> snd
    let large = cost (make 1_000_000)
    TestContext.Out.WriteLine $"{name}: {large} s of processor time"
    Assert.That(large, Is.LessThan 8.0)

    // What is quick cannot be bad, and small times are the collector's more than ours.
    if large > 0.4 then
        let quarter = max 0.1 (cost (make 250_000))
        Assert.That(large / quarter, Is.LessThan 9.0, $"{quarter} s for a quarter of it, {large} s for all")
