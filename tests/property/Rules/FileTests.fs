module Serverless.Tests.Property.Rules.FileTests

open System.IO
open NUnit.Framework
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling

let private inFolder (files: (string * string) list) (test: string -> unit) =
    let folder = Directory.CreateTempSubdirectory "rules-"

    try
        for name, text in files do
            File.WriteAllText(Path.Combine(folder.FullName, name), text)

        test folder.FullName
    finally
        folder.Delete true

[<Test>]
let ``a folder is one set of its own rule files, not of what else is there`` () =
    inFolder [ "a.rules", "size 1cu .. 2cu"; "b.rules", "rule x on running { when idle > 5m do suspend }"; "c.txt", "nonsense" ] (fun folder ->
        Directory.CreateDirectory(Path.Combine(folder, "..data")) |> ignore
        File.WriteAllText(Path.Combine(folder, "..data", "d.rules"), "nonsense")
        let set = RuleFiles.Load folder
        Assert.That(set.IsValid, Is.True, set.Render())
        equal 1 set.Policies[0].Rules.Length)

[<Test>]
let ``files behind links are read, as a mounted folder has them`` () =
    inFolder [ "real", "size 1cu .. 2cu" ] (fun folder ->
        File.CreateSymbolicLink(Path.Combine(folder, "link.rules"), Path.Combine(folder, "real")) |> ignore
        Assert.That((RuleFiles.Load folder).IsValid, Is.True))

[<Test>]
let ``an empty folder, a missing one and a missing file are told apart`` () =
    inFolder [] (fun folder ->
        equal [ "R007" ] (RuleFiles.Load folder |> codes)
        equal [ "R005" ] (RuleFiles.Load(Path.Combine(folder, "missing")) |> codes)
        equal [ "R005" ] (RuleFiles.LoadFiles [ Path.Combine(folder, "missing.rules") ] |> codes))

[<Test>]
let ``a file beyond the limit is refused unread, and says so`` () =
    inFolder [] (fun folder ->
        let path = Path.Combine(folder, "large.rules")
        using (File.Create path) (fun file -> file.SetLength(RuleFiles.LargestFile + 1L))
        equal [ "R006" ] (RuleFiles.Load folder |> codes))

[<Test>]
let ``a device that never ends is refused like a file that is too large`` () =
    inFolder [] (fun folder ->
        File.CreateSymbolicLink(Path.Combine(folder, "endless.rules"), "/dev/zero") |> ignore
        equal [ "R006" ] (RuleFiles.Load folder |> codes))

[<Test>]
let ``bytes that are no UTF-8 are reported where they stand`` () =
    inFolder [] (fun folder ->
        File.WriteAllBytes(Path.Combine(folder, "latin.rules"), Array.append "size 1cu .. 2cu\n"B [| 0xE9uy; 0xFFuy |])
        let set = RuleFiles.Load folder
        equal [ "R002", 2, 1 ] [ for found in set.Diagnostics -> found.Code, found.Line, found.Column ])

[<Test>]
let ``the rules that ship compile without a word`` () =
    let set = RuleFiles.Load(Path.Combine(root, "rules"))
    equal "" (set.Render())
    Assert.That(set.Find "default", Is.Not.Null)
