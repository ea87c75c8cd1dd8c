/// A decision in plain words, a line for each thing to say.
[<RequireQualifiedAccess>]
module Serverless.Core.Explain

let private who (policy: Policy) name =
    if policy.Rules |> List.exists (fun rule -> rule.Name = name) then $"rule {name}" else name

let private blocker (policy: Policy) name =
    if policy.Forbids |> List.exists (fun forbid -> forbid.Name = name) then $"forbid {name}" else name

let private seen (values: string list) =
    match values with
    | [] -> ""
    | values -> ": " + String.concat ", " values

let private reason policy (reason: Reason) = $"{reason.Proposal} by {who policy reason.By}{seen reason.Seen}"

let private blocked (policy: Policy) (now: int64<ms>) (blocked: Blocked) =
    let left =
        match blocked.Until with
        | ValueSome until when until > now -> $" for {Words.duration (until - now)} more"
        | _ -> ""

    if blocked.By = "cooldown" then $"{blocked.Rule} is cooling{left} ({blocked.Proposal}: {blocked.Reason})"
    else $"{blocked.Proposal} by {who policy blocked.Rule} is blocked by {blocker policy blocked.By}{left}: {blocked.Reason}"

/// What was decided and why, what was held back and by what, and what to look at.
[<CompiledName("Decision")>]
let decision (policy: Policy) (decision: Decision) : string list =
    let effects =
        match decision.Reasons with
        | [] -> [ $"nothing to do, {DecisionJson.phase decision.Phase}" ]
        | reasons -> List.map (reason policy) reasons

    let refused = decision.RefuseHeld |> Option.map (fun text -> $"held statements are refused: {text}") |> Option.toList

    effects
    @ List.map (blocked policy decision.At) decision.Blocked
    @ refused
    @ List.map (fun text -> $"warning: {text}") decision.Warnings
