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
        | ValueSome until when until > now -> $" for {Words.lasting (until - now)} more, until {Words.instant until}"
        | _ -> ""

    if blocked.By = "cooldown" then $"{blocked.Rule} is cooling{left} ({blocked.Proposal}: {blocked.Reason})"
    else $"{blocked.Proposal} by {who policy blocked.Rule} is blocked by {blocker policy blocked.By}{left}: {blocked.Reason}"

let private said (policy: Policy) (now: int64<ms>) (decision: Decision) : string list =
    let effects =
        match decision.Reasons with
        | [] -> [ $"nothing to do, {DecisionJson.phase decision.Phase}" ]
        | reasons -> List.map (reason policy) reasons

    let refused = decision.RefuseHeld |> Option.map (fun text -> $"held statements are refused: {text}") |> Option.toList

    effects
    @ List.map (blocked policy now) decision.Blocked
    @ refused
    @ List.map (fun text -> $"warning: {text}") decision.Warnings

/// What was decided and why, what was held back and by what, and what to look at.
[<CompiledName("Decision")>]
let decision (policy: Policy) (decision: Decision) : string list = said policy decision.At decision

let private foretold (now: int64<ms>) (standing: RuleStanding) =
    match standing.FiresAt with
    | ValueSome at when at > now && standing.Says <> "proposes" ->
        let condition = if standing.If = "" then "" else $" if {standing.If}"
        Some $"{standing.Rule} would fire in {Words.lasting (at - now)}{condition} ({standing.Action}: {seen standing.Seen |> _.TrimStart(':', ' ')})"
    | _ -> None

let private underWay (now: int64<ms>) (state: State) =
    let what =
        match state.Stage with
        | Waking(target, _) -> "the resume at " + Words.size target
        | Fitting target -> "the resize to " + Words.size target
        | Emptying _ -> "the drain before the suspend"
        | _ -> "the suspend"

    let note =
        match state.Note with
        | ValueSome note -> $"; last word: {note}"
        | ValueNone -> ""

    $"{what} has been under way for {Words.lasting (max 0L<ms> (now - state.Since))}; what comes next waits for its outcome{note}"

let private nextChange (now: int64<ms>) (state: State) (next: NextChange voption) =
    match next with
    | ValueSome change ->
        let by = String.concat ", " change.By
        let ``when`` = if change.At <= now then "now" else $"in {Words.lasting (change.At - now)}, at {Words.instant change.At}"
        $"next change at the earliest: {change.Proposal} by {by} {``when``}, if all stays as it is"
    | ValueNone ->
        let work = Guard.obstacles state now { ByOperator = false; Breaking = { Transactions = None; PinnedSessions = None } } |> List.map (fun (struct (what, _)) -> what)
        let present = if work.IsEmpty then "" else " (" + String.concat ", " work + ")"
        $"no change within {Words.duration Limits.Horizon} if all stays as it is{present}"

/// The decision that stands or was made, how each rule stands at `now`, and when the next change can come at the earliest.
let at (now: int64<ms>) (state: State) (decision: Decision) : Explanation =
    let policy = state.Plan.Policy
    let flies = Stage.inFlight state.Stage
    let ahead = if flies then Outlook.nothing state else Outlook.ahead now state
    let standings = Outlook.standings now state ahead
    let last = if flies then underWay now state else nextChange now state ahead.Next

    { At = now
      Phase = State.phase state
      Decision = decision
      Rules = standings
      Next = ahead.Next
      Lines = said policy now decision @ List.choose (foretold now) standings @ [ last ] }
