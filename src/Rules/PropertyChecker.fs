/// Properties of one policy.
module internal Serverless.Rules.PropertyChecker

open System
open System.Globalization
open Serverless.Core
open Serverless.Rules.ExpressionChecker

let private distinctKinds (kinds: Located<ActionKind> list) = kinds |> List.map _.Value |> List.distinct |> List.sort

/// A whole number between two bounds.
let whole (scope: Scope) (file: SourceText) (what: string) (least: int) (most: int) (text: Located<string>) : int option =
    match Int32.TryParse(text.Value, NumberStyles.None, CultureInfo.InvariantCulture) with
    | true, value when value >= least && value <= most -> Some value
    | _ ->
        scope.Report(file, text.At, NotAWholeNumber(what, least, most, text.Value))
        None

let private length (scope: Scope) file what (expr: Expr) =
    ranged scope file what Duration 1L (Quantity.largest Duration) expr |> Option.map (fun value -> value * 1L<ms>)

/// The condition, or true where there is none.
let private given (scope: Scope) file (expr: Expr option) : Condition option =
    match expr with
    | None -> Some(Constant true)
    | Some expr -> condition scope file expr |> Option.map fst

let private claim (scope: Scope) (file: SourceText) (node: ClaimNode) : Claim option =
    match node with
    | AtMostOf(count, kinds, per) ->
        match whole scope file "a number of actions" 0 1_000_000 count, length scope file "a stretch of time" per with
        | Some count, Some per -> Some(AtMost(int64 count, kinds.Value, per))
        | _ -> None
    | NeverOf(kinds, holds) -> given scope file holds |> Option.map (fun holds -> NeverWhen(distinctKinds kinds, holds))
    | AlwaysOf(holds, held) ->
        let holds = condition scope file holds |> Option.map fst

        match holds, given scope file held with
        | Some holds, Some held -> Some(AlwaysHolds(holds, held))
        | _ -> None
    | LeadsToOf(cause, isFirst, kinds, within, during) ->
        let cause = condition scope file cause |> Option.map fst

        match cause, length scope file "the time within which it follows" within with
        | Some cause, Some within -> Some(LeadsTo(cause, isFirst, kinds.Value, within, during |> Option.map _.Value))
        | _ -> None
    | SettlesOf within -> length scope file "the time to settle" within |> Option.map SettlesWithin

let private conditions (claim: Claim) : Condition list =
    match claim with
    | NeverWhen(_, given) -> [ given ]
    | AlwaysHolds(holds, given) -> [ holds; given ]
    | LeadsTo(cause, _, _, _, _) -> [ cause ]
    | AtMost _
    | SettlesWithin _ -> []

let property (scope: Scope) (file: SourceText) (name: Name) (node: Located<ClaimNode>) : Property option =
    claim scope file node.Value
    |> Option.map (fun claim ->
        // Of these, only a condition that must hold says something when it is false for ever.
        let vacuous =
            match claim with
            | AlwaysHolds(_, given) -> Conditions.constant given = Some false
            | claim -> conditions claim |> List.exists (fun condition -> Conditions.constant condition = Some false)

        if vacuous then
            scope.Report(file, node.At, NeverTrue "property")

        { Name = name.Value; Claim = claim; Origin = RuleChecker.origin file name.At })
