/// docs/rules.md is held to what the compiler does.
module Serverless.Tests.Property.Rules.DocumentationTests

open System.IO
open System.Text.RegularExpressions
open FSharp.Reflection
open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling

let private text = File.ReadAllText(Path.Combine(root, "docs", "rules.md"))

let examples: string[] =
    [| for found in Regex.Matches(text, "```rules\n(.*?)```", RegexOptions.Singleline) -> found.Groups[1].Value |]

[<Test>]
let ``the reference has examples`` () = Assert.That(examples.Length, Is.GreaterThan 15)

/// Examples show a part of a policy; the rest is what every policy needs.
[<TestCaseSource(nameof examples)>]
let ``an example of the reference compiles`` (example: string) =
    let whole = if Regex.IsMatch(example, @"^size [^\n]*$(?<!during \w+)", RegexOptions.Multiline) then example else sized example
    let set = compile whole
    Assert.That(set.IsValid, Is.True, set.Render())

/// Editors lead here by the anchor.
[<Test>]
let ``every diagnostic has its paragraph and its anchor in the reference, and no others have`` () =
    let documented = set [ for found in Regex.Matches(text, @"^<a id=""r(\d\d\d)""></a>\*\*R\1\*\*", RegexOptions.Multiline) -> "R" + found.Groups[1].Value ]
    let source = File.ReadAllText(Path.Combine(root, "src", "Rules", "Wording.fs"))
    let known = set [ for found in Regex.Matches(source, "says \"(R\\d\\d\\d)\"") -> found.Groups[1].Value ]
    Assert.That(known.Count, Is.EqualTo(FSharpType.GetUnionCases(typeof<Problem>).Length))
    Assert.That(Set.difference known documented, Is.Empty, "not documented")
    Assert.That(Set.difference documented known, Is.Empty, "documented, and not known")

[<Test>]
let ``every metric, aggregate, unit and keyword is named in the reference`` () =
    let names =
        [ yield! Catalogue.metrics |> List.map (fun metric -> metric.Name)
          yield! Catalogue.aggregates |> List.map (fun form -> form.Name)
          yield! Quantity.unitNames
          yield! Keyword.All
          yield! Keyword.Reserved
          yield! Quantity.types |> List.map Quantity.typeName ]

    for name in names do
        Assert.That(text.Contains("`" + name) || text.Contains(name + "`") || text.Contains("\"" + name + "\""), Is.True, name)
