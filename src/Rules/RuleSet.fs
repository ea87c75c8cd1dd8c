namespace Serverless.Rules

open System
open System.Collections.Generic
open Serverless.Core

/// What a set of rule files means: its policies, or what is wrong with it. Taken whole or not at all.
[<Sealed>]
type RuleSet internal (files: SourceText list, suites: Suite list, findings: Finding list) =
    let isError (finding: Finding) = Wording.severity finding.Problem = Severity.Error
    let isValid = not (List.exists isError findings)
    let mostShown = 500

    let inReadingOrder =
        List.sortWith (fun (a: Finding) (b: Finding) ->
            match String.CompareOrdinal(a.File.Name, b.File.Name) with
            | 0 -> Int32.Sign(a.At.Start - b.At.Start)
            | order -> order)

    // Errors are shown rather than what is less.
    let shown =
        if findings.Length <= mostShown then
            inReadingOrder findings
        else
            let errors, others = List.partition isError findings
            let shown = inReadingOrder errors @ others |> List.truncate mostShown |> inReadingOrder
            shown @ [ { List.last shown with Problem = TooManyProblems(findings.Length - mostShown) } ]

    let diagnostics = shown |> List.map Diagnostic |> Array.ofList
    let suites = if isValid then Array.ofList suites else [||]
    let policies = suites |> Array.map _.Policy

    /// By name; empty when anything is an error.
    member _.Policies: IReadOnlyList<Policy> = policies

    /// The policies with their properties and scenarios, in the same order.
    member _.Suites: IReadOnlyList<Suite> = suites

    /// The files that it was compiled from, as they were read.
    member internal _.Files: SourceText list = files

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

    /// Declarations belong to the policy header above them in their file, or to `default`.
    let private byPolicy (file: SourceText, declarations: Located<Declaration> list) : (string * Placed) list =
        (defaultPolicy, declarations)
        ||> List.mapFold (fun policy declaration ->
            let policy =
                match declaration.Value with
                | PolicyHeader(name, _, _) -> name |> Option.map _.Value |> Option.defaultValue defaultPolicy
                | BrokenOf("policy", name) -> name |> Option.defaultValue defaultPolicy
                | _ -> policy

            (policy, { File = file; At = declaration.At; Declaration = declaration.Value; IsTakenOver = false }), policy)
        |> fst

    let private whole = { Start = 0; End = 0 }

    /// A name that nothing in any policy uses.
    let private unused (declared: Declared list) : Finding list =
        declared
        |> List.groupBy (fun one -> struct (one.In.Name, one.Of.At.Start))
        |> List.choose (fun (_, same) ->
            if same |> List.exists _.IsUsed then
                None
            else
                Some { File = same.Head.In; At = same.Head.Of.At; Problem = UnusedName(same.Head.Kind, same.Head.Of.Value) })

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

        let zones = Dictionary<string, Result<Zone, Problem>>()

        // A zone's transitions take a while to find, and many policies share one zone.
        let resolve name =
            match zones.TryGetValue name with
            | true, known -> known
            | _ ->
                let zone = Zones.resolve database name
                zones[name] <- zone
                zone

        let policies = Extending.resolve findings.Add placed
        let known = HashSet<struct (string * Span * Problem)>()
        let checked' = policies |> List.map (Extending.check (check resolve) findings.Add known)
        findings.AddRange(checked' |> List.collect snd |> unused)
        RuleSet(files, checked' |> List.map fst |> List.sortBy _.Policy.Name, List.ofSeq findings)
