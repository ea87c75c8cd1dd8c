/// rules/bad has a file for each diagnostic with the text that it must give.
module Serverless.Tests.Property.Rules.GoldenTests

open System.IO
open FSharp.Reflection
open NUnit.Framework
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling

let private folder = Path.Combine(root, "rules", "bad")
let files: string[] = DirectoryInfo(folder).GetFiles "*.rules" |> Array.map (fun file -> file.Name.Replace(".rules", "")) |> Array.sort

let private load (name: string) =
    RuleFiles.Compile [ RuleFile(name + ".rules", File.ReadAllText(Path.Combine(folder, name + ".rules"))) ]

let private golden (name: string) = Path.Combine(folder, name + ".txt")

[<TestCaseSource(nameof files)>]
let ``a bad file gives the text beside it`` (name: string) =
    // For a change of wording: writes the texts anew, to be looked at as a difference.
    if System.Environment.GetEnvironmentVariable "SERVERLESS_TEST_WRITE_GOLDEN" = "1" then
        File.WriteAllText(golden name, (load name).Render())

    Assert.That((load name).Render(), Is.EqualTo(File.ReadAllText(golden name)))

let private caseOf (problem: Problem) = (fst (FSharpValue.GetUnionFields(problem, typeof<Problem>))).Name

/// What cannot be shown by the text of a file alone is tested elsewhere.
let private notByText = set [ "Unreadable"; "FileTooLarge"; "TooManyProblems"; "NoZoneData"; "ExtendsTooMuch" ]

[<Test>]
let ``every diagnostic has a bad file that gives it`` () =
    let given = set [ for name in files do for found in (load name).Diagnostics -> caseOf found.Problem ]
    let cases = set [ for case in FSharpType.GetUnionCases typeof<Problem> -> case.Name ]
    Assert.That(cases - notByText - given, Is.Empty)

[<Test>]
let ``a bad file is named after a code that it gives, and each code belongs to one diagnostic`` () =
    let all = [ for name in files do for found in (load name).Diagnostics -> name, found ]

    for name in files do
        Assert.That(all |> List.exists (fun (from, found) -> from = name && found.Code = name.Substring(0, 4)), name)

    for code, found in all |> List.groupBy (fun (_, found) -> found.Code) do
        let problems = found |> List.map (fun (_, found) -> caseOf found.Problem) |> List.distinct
        Assert.That(problems.Length, Is.EqualTo 1, $"{code}: %A{problems}")
