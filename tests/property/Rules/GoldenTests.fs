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

/// Where an editor offers to replace what is underlined, the diagnostic is gone when that is done.
[<TestCaseSource(nameof files)>]
let ``what would mend a diagnostic does mend it`` (name: string) =
    let text = File.ReadAllText(Path.Combine(folder, name + ".rules"))
    let compile (text: string) = RuleFiles.Compile [ RuleFile(name + ".rules", text) ]
    let lines = text.Split '\n'
    let offset line column = (lines |> Seq.truncate (line - 1) |> Seq.sumBy (fun line -> line.Length + 1)) + column - 1

    for found in (compile text).Diagnostics do
        match found.Replacement with
        | null -> ()
        | replacement ->
            let first = offset found.Line found.Column
            let mended = text.Remove(first, offset found.EndLine found.EndColumn - first).Insert(first, replacement)
            let still = [ for other in (compile mended).Diagnostics -> other.Code, other.Line, other.Column ]
            Assert.That(still |> List.contains (found.Code, found.Line, found.Column), Is.False, $"{found.Render()}replaced by {replacement}")

/// Of those that say in words what to write, most can say it to an editor.
[<Test>]
let ``did you mean is an edit too`` () =
    for name in files do
        for found in (load name).Diagnostics do
            match found.Mend with
            | null -> ()
            | mend when mend.StartsWith("did you mean", System.StringComparison.Ordinal) ->
                // The name alone in words, perhaps with what stays around it in the edit.
                let meant = mend.Split('`')[1]
                Assert.That(string found.Replacement, Does.Contain meant, found.Render())
            | _ -> ()
