/// From many proposals to one: what is forbidden, cooling or backing off drops out (an up becomes stay), then the highest priority,
/// then the most capacity.
module internal Serverless.Core.Conflicts

[<NoEquality; NoComparison>]
type private Sieved = { Left: Proposal list; Blocked: Blocked list }

let private kind =
    function
    | Sleep _ -> ValueSome SuspendAction
    | Down _ -> ValueSome ResizeDownAction
    | Up _ -> ValueSome ResizeUpAction
    | Stay -> ValueNone

let private blocked (proposal: Proposal) by reason until : Blocked =
    { Rule = proposal.By
      Proposal = Proposals.describe proposal.Move
      By = by
      Reason = reason
      Until = until }

/// The forbids that block this kind of action, in the order of their names, each with what it saw. Unknown blocks too.
let forbids (evaluation: Evaluation) (plan: Plan) (reckoning: Reckoning) (action: ActionKind) : (string * string) list =
    [ for index in 0 .. plan.Forbids.Length - 1 do
          let planned = plan.Forbids[index]

          if reckoning.Forbidding[index] <> Kleene.False && List.contains action planned.Forbid.Blocks then
              planned.Forbid.Name, "forbidden: " + String.concat ", " (Words.seen evaluation plan planned.When) ]

let private forbidding evaluation (state: State) reckoning (proposal: Proposal) : Blocked list =
    match kind proposal.Move with
    | ValueNone -> []
    | ValueSome action ->
        forbids evaluation state.Plan reckoning action
        |> List.map (fun (name, reason) -> blocked proposal name reason ValueNone)

let private cooling now (state: State) (proposal: Proposal) : Blocked list =
    let cooldown = state.Plan.Policy.Cooldown

    let ends, since =
        match proposal.Move with
        | Up _ -> state.ResizedAt + cooldown.Up, "the last change of size"
        | Down _ -> state.ResizedAt + cooldown.Down, "the last change of size"
        | Sleep _ -> state.ResumedAt + cooldown.Suspend, "the last resume"
        | Stay -> now, ""

    if now < ends && not proposal.Implicit then [ blocked proposal "cooldown" $"cooling since {since}" (ValueSome ends) ]
    else []

let private backingOff now (state: State) (proposal: Proposal) : Blocked list =
    let backoff =
        match proposal.Move with
        | Sleep _ -> state.SuspendBackoff
        | Up _
        | Down _ -> state.ResizeBackoff
        | Stay -> Backoff.none

    if Backoff.over now backoff then []
    elif Backoff.isWithheld backoff then [ blocked proposal "shadow" $"decided already, and withheld: {backoff.Reason}" (ValueSome backoff.NotBefore) ]
    else [ blocked proposal "back-off" $"the last attempt failed: {backoff.Reason}" (ValueSome backoff.NotBefore) ]

let private guarding now (state: State) (proposal: Proposal) : Blocked list =
    match proposal.Move with
    | Sleep breaking ->
        Guard.obstacles state now { ByOperator = false; Breaking = breaking }
        |> List.map (fun (struct (reason, until)) -> blocked proposal "activity" reason until)
    | _ -> []

let private paused (state: State) (proposal: Proposal) : Blocked list =
    match state.PausedBy with
    | ValueSome by -> [ blocked proposal "pause" $"paused by {by}" ValueNone ]
    | ValueNone -> []

/// An up that is held back still says that capacity is needed, unless it was implied by the bounds.
let private held (proposal: Proposal) : Proposal option =
    match proposal.Move with
    | Up _ when not proposal.Implicit -> Some { proposal with Move = Stay }
    | _ -> None

let private sieve (check: Proposal -> Blocked list) (sieved: Sieved) : Sieved =
    let judged = sieved.Left |> List.map (fun proposal -> proposal, check proposal)

    { Left = judged |> List.choose (fun (proposal, found) -> if found.IsEmpty then Some proposal else held proposal)
      Blocked = sieved.Blocked @ List.collect snd judged }

let private capacity =
    function
    | Sleep _ -> struct (0, 0L<mcu>)
    | Down size -> struct (1, size)
    | Stay -> struct (2, 0L<mcu>)
    | Up size -> struct (3, size)

/// Rules that agree on a suspend also agree on what it may give up on: only what every one of them gives up on, at the latest of their limits.
let private together (a: Breaking) (b: Breaking) : Breaking =
    { Transactions = Option.map2 max a.Transactions b.Transactions
      PinnedSessions = Option.map2 max a.PinnedSessions b.PinnedSessions }

let private merge (winners: Proposal list) : Move =
    winners
    |> List.map _.Move
    |> List.reduce (fun a b ->
        match a, b with
        | Sleep x, Sleep y -> Sleep(together x y)
        | _ -> a)

let private outranked (winner: Proposal) (loser: Proposal) : Blocked option =
    if loser.Move = Stay then None
    else Some(blocked loser winner.By $"outranked by {winner.By}, which proposes to {Proposals.describe winner.Move}" ValueNone)

/// The move that is left, who proposed it, and everything that was held back.
let resolve evaluation now (state: State) reckoning (proposals: Proposal list, heldBack: Blocked list) : struct (Move * Proposal list * Blocked list) =
    let sieved =
        { Left = proposals; Blocked = heldBack }
        |> sieve (paused state)
        |> sieve (guarding now state)
        |> sieve (forbidding evaluation state reckoning)
        |> sieve (cooling now state)
        |> sieve (backingOff now state)

    match sieved.Left with
    | [] -> struct (Stay, [], sieved.Blocked)
    | left ->
        let best = left |> List.map (fun proposal -> struct (proposal.Priority, capacity proposal.Move)) |> List.max
        let winners, losers = left |> List.partition (fun proposal -> struct (proposal.Priority, capacity proposal.Move) = best)
        struct (merge winners, winners, sieved.Blocked @ List.choose (outranked winners.Head) losers)
