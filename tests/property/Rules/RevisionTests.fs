module Serverless.Tests.Property.Rules.RevisionTests

open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property
open Serverless.Tests.Property.Rules.Compiling

let private declarations =
    [ "size 0.5cu .. 4cu step 0.5cu"
      "size 1cu .. 4cu during office"
      "unit cu = 500m cpu + 2GiB memory"
      "cooldown up 30s, down 5m, suspend 1m"
      "schedule office = mon..fri 08:00..19:00"
      "metric backup : flag every 15s stale 60s from sql \"SELECT 1\""
      "let busy = avg(cpu, 1m) > 75% for 30s"
      "rule grow on running { when busy do resize up 50% }"
      "rule ram on running { when busy or avg(memory, 1m) > 85% for 1m do resize up 1cu }"
      "rule sleep on running { when idle >= 5m and not office do suspend }"
      "forbid suspend when backup"
      "forbid resize down when (busy for 1m)" ]

let private revision (lines: string seq) = (policy (String.concat "\n" lines)).Revision

/// The position of a declaration says nothing, so only where each stands may differ.
let private withoutOrigins (policy: Policy) =
    let nowhere = { File = ""; Line = 0; Column = 0 }

    { policy with
        Rules = policy.Rules |> List.map (fun rule -> { rule with Origin = nowhere })
        Forbids = policy.Forbids |> List.map (fun forbid -> { forbid with Origin = nowhere }) }

[<FsCheck.NUnit.Property(MaxTest = 50, Arbitrary = [| typeof<WholeRange> |])>]
let ``the order of declarations and of files changes nothing`` (seed: int) (cut: int) =
    let random = System.Random seed
    let shuffled = declarations |> List.sortBy (fun _ -> random.Next())
    let first, second = shuffled |> List.splitAt (abs (cut % declarations.Length))
    let text lines = String.concat "\n" lines
    let set = RuleFiles.Compile [ RuleFile("b.rules", text first); RuleFile("a.rules", text second) ]
    withoutOrigins set.Policies[0] = withoutOrigins (policy (text declarations))

[<Test>]
let ``blanks, comments and lets written out change no revision`` () =
    let spaced = declarations |> List.map (fun line -> "# a comment\n" + line.Replace(" {", "\n  {\n") + "   # another")
    equal (revision declarations) (revision spaced)
    let written = declarations |> List.map _.Replace("when busy do", "when avg(cpu, 60s) > 75.0% for 30000ms do")
    equal (revision declarations) (revision written)

[<TestCase("0.5cu .. 4cu", "0.5cu .. 3cu")>]
[<TestCase("500m cpu", "501m cpu")>]
[<TestCase("up 30s", "up 31s")>]
[<TestCase("19:00", "19:01")>]
[<TestCase("SELECT 1", "SELECT 2")>]
[<TestCase("stale 60s", "stale 61s")>]
[<TestCase("> 75%", ">= 75%")>]
[<TestCase("for 30s", "for 31s")>]
[<TestCase("1cu }", "1.5cu }")>]
[<TestCase("do suspend", "do suspend breaking transactions idle 1h")>]
[<TestCase("do suspend", "do suspend priority 1")>]
[<TestCase("forbid suspend when", "forbid suspend, resize up when")>]
[<TestCase("not office", "office")>]
let ``every change that can change a decision changes the revision`` (from: string, into: string) =
    Assert.That(revision (declarations |> List.map _.Replace(from, into)), Is.Not.EqualTo(revision declarations))

[<Test>]
let ``the zone is part of the revision`` () =
    Assert.That(revision ("policy zone \"Europe/Berlin\"" :: declarations), Is.Not.EqualTo(revision declarations))

[<Test>]
let ``the text of a policy compiles to the same policy`` () =
    let once = policy (String.concat "\n" declarations)
    equal (withoutOrigins once) (withoutOrigins (policy (PolicyText.policy once)))
