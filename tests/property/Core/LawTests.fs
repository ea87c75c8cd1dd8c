namespace Serverless.Tests.Property.Core

open System.Reflection
open NUnit.Framework
open Serverless.Tests.Property

/// One test for each law over generated lives, by its name.
[<TestFixture>]
type LawTests() =
    static member Laws: seq<TestCaseData> =
        Corpus.laws () |> Seq.map (fun law -> TestCaseData(law).SetName(law.Name))

    [<TestCaseSource("Laws")>]
    member _.Holds(law: MethodInfo) : unit =
        match Corpus.verdict law with
        | Some failure -> Assert.Fail failure
        | None ->
            let met = match Corpus.met law with Some times -> $", put to the test {times} times" | None -> ""
            TestContext.Out.WriteLine $"{Cases.count} lives, seed {Cases.seed}{met}"
