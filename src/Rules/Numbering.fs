/// Numbers for the timers of conditions, unique in a policy.
module internal Serverless.Rules.Numbering

open Serverless.Core

/// Numbers the timers in the order of the names, so that the order of rules and files does not change them.
let rules (all: Rule list) (forbids: Forbid list) =
    let rules, next =
        (1, all |> List.sortBy _.Name)
        ||> List.mapFold (fun next rule ->
            let holds, next = Conditions.number next rule.When

            match rule.Until |> Option.map (Conditions.number next) with
            | Some(release, next) -> { rule with When = holds; Until = Some release }, next
            | None -> { rule with When = holds }, next)

    let forbids, next =
        (next, forbids |> List.sortBy (fun forbid -> PolicyText.forbid forbid.Blocks forbid.When))
        ||> List.mapFold (fun next forbid ->
            let holds, next = Conditions.number next forbid.When
            { forbid with When = holds }, next)

    rules, forbids, next

/// The conditions of a property with timers of their own.
let properties (next: int) (all: Property list) : Property list * int =
    (next, all)
    ||> List.mapFold (fun next property ->
        let claim, next =
            match property.Claim with
            | NeverWhen(kinds, given) ->
                let given, next = Conditions.number next given
                NeverWhen(kinds, given), next
            | AlwaysHolds(holds, given) ->
                let holds, next = Conditions.number next holds
                let given, next = Conditions.number next given
                AlwaysHolds(holds, given), next
            | LeadsTo(cause, isFirst, kinds, within, during) ->
                let cause, next = Conditions.number next cause
                LeadsTo(cause, isFirst, kinds, within, during), next
            | AtMost _
            | SettlesWithin _ -> property.Claim, next

        { property with Claim = claim }, next)

let scenario (next: int) (one: Scenario) : Scenario =
    let expectations, _ =
        (next, one.Expectations)
        ||> List.mapFold (fun next expectation ->
            match expectation.Expected with
            | Holding condition ->
                let condition, next = Conditions.number next condition
                { expectation with Expected = Holding condition }, next
            | _ -> expectation, next)

    { one with Expectations = expectations }
