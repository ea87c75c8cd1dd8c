/// Policies that take over the declarations of others. What is declared anew takes the place of what has the same name, or, where there are no
/// names, of the same declaration; forbids add up, so that a policy cannot lift what another forbids; scenarios stay with the policy they test.
module internal Serverless.Rules.Extending

open System.Collections.Generic
open Serverless.Rules.PolicyChecker

/// A policy with all its declarations, those taken over last.
type Whole =
    { Name: string
      Placed: Placed list
      /// Where it says what it extends.
      Extends: (SourceText * Name) option }

let private deepest = 8

/// Declarations of all policies together: far more than anybody writes, and soon checked.
let private most = 20_000

/// What a declaration is replaced by: None where it is added to, or belongs to its own policy alone.
let private key (declaration: Declaration) : string option =
    match declaration with
    | PolicyHeader(_, _, Some _) -> Some "zone"
    | UnitOf _ -> Some "unit"
    | CooldownOf _ -> Some "cooldown"
    | SizeOf(_, _, _, during) -> Some("size " + (during |> Option.map _.Value |> Option.defaultValue ""))
    | ScheduleOf(name, _, _)
    | LetOf(name, _)
    | MetricOf(name, _, _, _, _) -> Some("name " + name.Value)
    | RuleOf(name, _, _) -> Some("rule " + name.Value)
    | PropertyOf(name, _) -> Some("property " + name.Value)
    | PolicyHeader _
    | ForbidOf _
    | ScenarioOf _
    | BrokenOf _ -> None

let private isOwn (declaration: Declaration) =
    match declaration with
    | ScenarioOf _
    | PolicyHeader(_, _, None) -> true
    | _ -> false

let private extensions (placed: Placed list) : (Placed * Extension) list =
    placed |> List.choose (fun item -> match item.Declaration with PolicyHeader(_, Some extension, _) -> Some(item, extension) | _ -> None)

let private place (file: SourceText) (at: Span) =
    let position = file.Position at.Start
    $"at {file.Name}:{position.Line}:{position.Column}"

/// The own declarations, and those of the parent that are neither replaced nor left out.
let private join (report: Finding -> unit) (file: SourceText) (extension: Extension) (own: Placed list) (parent: Placed list) : Placed list =
    let replaced = HashSet(own |> List.choose (fun item -> key item.Declaration))
    let names = Dictionary<string, string list>()

    for item in parent do
        match key item.Declaration with
        | Some key when key.Contains ' ' && not (key.StartsWith("size ", System.StringComparison.Ordinal)) ->
            let name = key.Substring(key.IndexOf ' ' + 1)
            names[name] <- key :: (match names.TryGetValue name with | true, known -> known | _ -> [])
        | _ -> ()

    for name in extension.Without do
        match names.TryGetValue name.Value with
        | true, keys -> replaced.UnionWith keys
        | _ ->
            let kinds = [ RuleName; PropertyName; LetName; ScheduleName; MetricName ]
            report { File = file; At = name.At; Problem = UnknownName(kinds, name.Value, [ names.Keys |> Seq.truncate 500 |> List.ofSeq ]) }

    let taken =
        parent
        |> List.filter (fun item -> not (isOwn item.Declaration) && not (key item.Declaration |> Option.exists replaced.Contains))
        |> List.map (fun item -> { item with IsTakenOver = true })

    own @ taken

/// All policies whole, each behind the one that it extends.
let resolve (report: Finding -> unit) (placed: (string * Placed) list) : Whole list =
    let own = placed |> List.groupBy fst |> List.map (fun (name, all) -> name, List.map snd all)
    let byName = dict own
    let wholes = Dictionary<string, Whole>()
    let ordered = ResizeArray<Whole>()
    let mutable left = most

    let extension (name: string) =
        match byName.TryGetValue name with
        | true, own -> extensions own |> List.tryHead
        | _ -> None

    /// The policies above one, nearest first, as far as they may go and one further; they stop where they come round again.
    let above (name: string) : string list =
        let rec climb (path: string list) (from: string) =
            match extension from with
            | Some(_, found) when path.Length <= deepest && not (List.contains found.Parent.Value path) -> climb (found.Parent.Value :: path) found.Parent.Value
            | Some(_, found) when path.Length <= deepest -> found.Parent.Value :: path
            | _ -> path

        climb [] name |> List.rev

    let rec whole (name: string) : Whole =
        match wholes.TryGetValue name with
        | true, known -> known
        | _ ->
            let own = byName[name]

            let all =
                match extensions own with
                | [] -> own
                | (item, first) :: rest ->
                    for other, second in rest do
                        report { File = other.File; At = second.Parent.At; Problem = DuplicateDeclaration("what it extends", place item.File first.Parent.At) }

                    let parent = first.Parent
                    let path = above name

                    // What it would have taken over is not known, and not missed.
                    let failed problem =
                        report { File = item.File; At = parent.At; Problem = problem }
                        own @ [ { item with Declaration = BrokenOf("policy", None) } ]

                    if not (byName.ContainsKey parent.Value) then
                        failed (UnknownName([ PolicyName ], parent.Value, [ byName.Keys |> Seq.truncate 500 |> List.ofSeq ]))
                    elif List.contains name path then
                        failed (CyclicExtends(name :: List.takeWhile ((<>) name) path @ [ name ]))
                    elif path.Length > deepest then
                        failed (ExtendsTooDeep deepest)
                    else
                        let above = whole parent.Value

                        if above.Placed.Length > left then
                            failed (ExtendsTooMuch most)
                        else
                            left <- left - above.Placed.Length
                            join report item.File first own above.Placed

            let result =
                { Name = name
                  Placed = all
                  Extends = extension name |> Option.map (fun (item, found) -> item.File, found.Parent) }

            wholes[name] <- result
            ordered.Add result
            result

    // In a fixed order, so that the diagnostics do not depend on that of the files.
    for name, _ in own |> List.sortBy fst do
        whole name |> ignore

    List.ofSeq ordered

/// Checks a whole policy. What is wrong with what it takes over was reported where it stands, or comes of the policy that takes it over.
let check (check: (Finding -> unit) -> string -> Placed list -> Suite * Declared list) (report: Finding -> unit) (known: HashSet<struct (string * Span * Problem)>) (policy: Whole) : Suite * Declared list =
    let taken = policy.Placed |> List.filter _.IsTakenOver

    let isTaken (finding: Finding) =
        taken |> List.exists (fun item -> obj.ReferenceEquals(item.File, finding.File) && item.At.Start <= finding.At.Start && finding.At.End <= item.At.End)

    let reported (finding: Finding) =
        match policy.Extends with
        | Some(file, parent) when isTaken finding ->
            if not (known.Contains(struct (finding.File.Name, finding.At, finding.Problem))) then
                report { File = file; At = parent.At; Problem = Inherited(parent.Value, place finding.File finding.At, finding.Problem) }
        | _ ->
            known.Add(struct (finding.File.Name, finding.At, finding.Problem)) |> ignore
            report finding

    check reported policy.Name policy.Placed
