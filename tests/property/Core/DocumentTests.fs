/// Every sentence of `docs/kernel.md` that has an anchor is held by a test that names it, and by a property over generated cases, and no test
/// names another.
module Serverless.Tests.Property.Core.DocumentTests

open System.IO
open System.Reflection
open System.Text.RegularExpressions
open NUnit.Framework
open NUnit.Framework.Interfaces
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Corpus

let private page =
    let rec above (folder: DirectoryInfo | null) =
        match folder with
        | null -> failwith "docs/kernel.md is in no folder above the tests"
        | folder ->
            let path = Path.Combine(folder.FullName, "docs", "kernel.md")
            if File.Exists path then File.ReadAllText path else above folder.Parent

    lazy (above (DirectoryInfo TestContext.CurrentContext.TestDirectory))

let private written () = [ for found in Regex.Matches(page.Value, @"\*\*(K-\d+)\*\*") -> found.Groups[1].Value ]

/// A law over lives, or a property with as many cases.
let private generated (found: MethodInfo) =
    found.IsDefined typeof<OfLivesAttribute> || found.IsDefined typeof<ManyAttribute>

/// Anchors that methods name, of those that run: a test, a property, or a law over lives.
let private named (chosen: MethodInfo -> bool) =
    [ for kind in Assembly.GetExecutingAssembly().GetTypes() do
          for found in kind.GetMethods(BindingFlags.Static ||| BindingFlags.Public) do
              for says in found.GetCustomAttributes<SaysAttribute>() do
                  let runs = generated found || found.GetCustomAttributes false |> Array.exists (fun one -> one :? ITestBuilder || one :? ISimpleTestBuilder)
                  if not runs then failwith $"{found.Name} names {says.Anchor} and is no test"
                  if chosen found then says.Anchor ]

let private held () = named (fun _ -> true)

[<Test>]
let ``anchors are numbered in order, each once`` () =
    let anchors = written ()
    Assert.That(anchors, Is.EqualTo(box [ for n in 1 .. anchors.Length -> $"K-{n}" ]))

[<Test>]
let ``every sentence is held by a test that names it`` () =
    Assert.That(Set.difference (set (written ())) (set (held ())), Is.Empty)

[<Test>]
let ``every sentence is held by a property over generated cases`` () =
    Assert.That(Set.difference (set (written ())) (set (named generated)), Is.Empty)

[<Test>]
let ``every anchor that a test names is written`` () =
    Assert.That(Set.difference (set (held ())) (set (written ())), Is.Empty)
