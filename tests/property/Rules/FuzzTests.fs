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

/// Compiles and renders, and holds what must be true of every answer.
let private answers (text: string) =
    let set = compile text
    let lines = text.Split '\n'

    for found in set.Diagnostics do
        Assert.That(found.Line, Is.InRange(1, lines.Length))
        Assert.That(found.Column, Is.InRange(1, lines[found.Line - 1].Length + 1))
        Assert.That(found.EndLine > found.Line || found.EndColumn >= found.Column)
        Assert.That(found.Render() |> Seq.exists (fun c -> Char.IsControl c && c <> '\n'), Is.False)

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
       "operator"; "statement"; "compute"; "crashes"; "machine"; "load"; "resident"; "spent.month"
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

let private repeated (text: string) = String.replicate (1_000_000 / text.Length) text

let private large: (string * string) list =
    [ "rules", sized (String.concat "\n" [ for i in 1..8_000 -> $"rule r{i} on running {{ when avg(cpu, 1m) > 75%% and (idle > 3s or memory < 5%%) for 3s do resize up 50%% }}" ])
      "unknown names", sized (String.concat "\n" [ for i in 1..18_000 -> $"rule r{i} on running {{ when name{i} do suspend }}" ])
      "a chain of lets", sized (String.concat "\n" [ for i in 1..50_000 -> $"let a{i} = a{i + 1}" ])
      "a chain of lets backwards", sized (String.concat "\n" [ for i in 50_000 .. -1 .. 1 -> $"let a{i} = a{i + 1}" ])
      "lets that double", sized (String.concat "\n" [ for i in 1..10_000 -> $"let a{i} = a{i - 1} and a{i - 1}" ] + "\nlet a0 = true")
      "policies", String.concat "\n" [ for i in 1..15_000 -> $"policy p{i} zone \"Europe/Berlin\"\nsize 1cu .. 2cu" ]
      "scenarios",
      sized (String.concat "\n" [ for i in 1..6_000 -> $"scenario \"s{i}\" {{ start 2026-03-02T20:00+01:00 running 2cu\n  cpu = 40%% for 2m, 2%% for 30m\n  idle = 0s for 3m, rising for 32m\n  expect nothing until 8m }}" ])
      "segments", sized ("scenario \"s\" {\n  start 2026-03-02T20:00Z suspended\n  cpu = 1% for 1s" + repeated ", 1% for 1s" + "\n  expect nothing until 5m\n}")
      "repetitions in each other", sized ("scenario \"s\" {\n  start 2026-03-02T20:00Z suspended\n  cpu = " + repeated "(" + "\n}")
      "properties", sized (String.concat "\n" [ for i in 1..14_000 -> $"property p{i} = never suspend when queries.running > {i} or cpu > 5%%" ])
      "policies that extend one", "size 1cu .. 2cu\n" + String.concat "\n" [ for i in 1..4_000 -> $"let a{i} = {i}cu" ] + String.concat "\n" [ for i in 1..30_000 -> $"\npolicy p{i} extends default" ]
      "policies in a row", "policy p0\nsize 1cu .. 2cu" + String.concat "\n" [ for i in 1..30_000 -> $"\npolicy p{i} extends p{i - 1}" ]
      "parentheses", "let x = " + repeated "("
      "calls", "let x = " + repeated "avg("
      "not", "let x = " + repeated "not "
      "one long condition", "let x = true" + repeated " and true"
      "one long number", "let x = " + repeated "9"
      "one long duration", "let x = " + repeated "1h"
      "one long name", repeated "a"
      "keywords", repeated "let\n"
      "quotes", repeated "\"\n"
      "braces", "scenario \"x\" " + repeated "{"
      "zeros", repeated "\000" ]

let names: string list = large |> List.map fst

/// A megabyte is answered in about a second of this process's own processor time; the bound leaves room for a cold start and for the other tests.
[<TestCaseSource(nameof names); NonParallelizable>]
let ``a megabyte of anything is answered soon`` (name: string) =
    let text = large |> List.find (fun (found, _) -> found = name) |> snd
    let self = Process.GetCurrentProcess()
    let before = self.TotalProcessorTime
    let set = compile text
    set.Render() |> ignore
    self.Refresh()
    Assert.That((self.TotalProcessorTime - before).TotalSeconds, Is.LessThan 8.0)
