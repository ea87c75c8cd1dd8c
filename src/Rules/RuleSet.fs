namespace Serverless.Rules

open System
open System.Collections.Generic
open Serverless.Core

/// What a set of rule files means: its policies, or what is wrong with it. Taken whole or not at all.
[<Sealed>]
type RuleSet internal (policies: Policy list, findings: Finding list) =
    let diagnostics = findings |> List.map Diagnostic |> Array.ofList
    let isValid = diagnostics |> Array.forall (fun diagnostic -> diagnostic.Severity <> Severity.Error)
    let policies = if isValid then Array.ofList policies else [||]

    /// By name; empty when anything is an error.
    member _.Policies: IReadOnlyList<Policy> = policies

    /// In the order of files and lines; warnings and notes too.
    member _.Diagnostics: IReadOnlyList<Diagnostic> = diagnostics

    member _.IsValid = isValid

    /// The policy of that name, or null.
    member _.Find(name: string) : Policy | null =
        match policies |> Array.tryFind (fun policy -> policy.Name = name) with
        | Some policy -> policy
        | None -> null

    /// All diagnostics rendered, a blank line between them.
    member _.Render() : string =
        String.Join("\n", diagnostics |> Array.map _.Render())

module internal Compiler =
    open PolicyChecker

    let defaultPolicy = "default"
    let private mostShown = 500

    /// Declarations belong to the policy header above them in their file, or to `default`.
    let private byPolicy (file: SourceText, declarations: Located<Declaration> list) : (string * Placed) list =
        (defaultPolicy, declarations)
        ||> List.mapFold (fun policy declaration ->
            let policy =
                match declaration.Value with
                | PolicyHeader(name, _) -> name |> Option.map _.Value |> Option.defaultValue defaultPolicy
                | _ -> policy

            (policy, { File = file; At = declaration.At; Declaration = declaration.Value }), policy)
        |> fst

    let private whole = { Start = 0; End = 0 }

    /// In reading order and without repetitions: a let that is used often is wrong only once.
    let private ordered (findings: Finding seq) =
        let sorted =
            findings
            |> Seq.distinctBy (fun finding -> finding.File.Name, finding.At, finding.Problem)
            |> Seq.sortBy (fun finding -> finding.File.Name, finding.At.Start)
            |> List.ofSeq

        if sorted.Length <= mostShown then
            sorted
        else
            let shown, rest = List.splitAt mostShown sorted
            shown @ [ { rest.Head with Problem = TooManyProblems rest.Length } ]

    let compile (database: Zones.Database) (unread: Finding list) (files: SourceText list) : RuleSet =
        let findings = ResizeArray unread
        // The order of files means nothing; sorted, it does not change the diagnostics either.
        let files = files |> List.sortWith (fun a b -> String.CompareOrdinal(a.Name, b.Name))

        let parsed =
            [ for file in files do
                  let declarations, problems = FileParser.parse file
                  findings.AddRange problems
                  file, declarations ]

        let placed = parsed |> List.collect byPolicy

        if placed.IsEmpty && findings.Count = 0 then
            let file = files |> List.tryHead |> Option.defaultWith (fun () -> SourceText("rules", ""))
            findings.Add { File = file; At = whole; Problem = NothingDeclared }

        let policies =
            placed
            |> List.groupBy fst
            |> List.sortBy fst
            |> List.map (fun (name, declarations) -> check database findings.Add name (List.map snd declarations))

        RuleSet(policies, ordered findings)
