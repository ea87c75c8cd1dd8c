namespace Serverless.Core

/// What is to be done at an instant, before it is begun.
[<NoEquality; NoComparison>]
type internal Verdict =
    { Effect: Effect voption
      Reasons: Reason list
      Blocked: Blocked list
      RefuseHeld: string option }

module internal Verdict =
    let nothing: Verdict = { Effect = ValueNone; Reasons = []; Blocked = []; RefuseHeld = None }

    let private seen evaluation (state: State) (planned: PlannedRule voption) =
        match planned with
        | ValueSome planned -> Words.seen evaluation state.Plan planned.When
        | ValueNone -> [ $"size {Words.size state.Size} is out of bounds" ]

    let private awake now (state: State) reckoning : Verdict =
        let evaluation = Evaluation(state, now)
        let gathered = Proposals.gather evaluation now state reckoning

        match gathered with
        | [], [] -> nothing
        | _ ->
            let struct (move, winners, blocked) = Conflicts.resolve evaluation now state reckoning gathered

            let effect =
                match move with
                | Stay -> ValueNone
                | Up size
                | Down size -> ValueSome(DoResize size)
                | Sleep breaking -> ValueSome(DoSuspend { ByOperator = false; Breaking = breaking })

            let reason (proposal: Proposal) : Reason =
                { By = proposal.By
                  Proposal = Proposals.describe proposal.Move
                  Seen = seen evaluation state proposal.Rule }

            { Effect = effect
              Reasons = (if effect.IsSome then List.map reason winners else [])
              Blocked = blocked
              RefuseHeld = None }

    /// Why a statement must not wait for a compute: the operator paused, or rules forbid resuming.
    let private refusal evaluation (state: State) reckoning : (string * string) list =
        match state.PausedBy with
        | ValueSome by -> [ "pause", $"paused by {by}" ]
        | ValueNone -> Conflicts.forbids evaluation state.Plan reckoning ResumeAction

    let private refuse (refusals: (string * string) list) : string option =
        match refusals with
        | [] -> None
        | ("pause", reason) :: _ -> Some $"the database is {reason} and is not resumed until it is unpaused"
        | (name, reason) :: _ -> Some $"the database is suspended and rule {name} forbids resuming it ({reason})"

    /// The size to wake at: what the rules of the highest priority ask for at most, else the size it had.
    let private wakeSize (state: State) (rules: Rule list) : int64<mcu> =
        let sized = rules |> List.choose (fun rule -> match rule.Action with Resume(Some size) -> Some struct (rule.Priority, size) | _ -> None)

        match sized with
        | [] -> state.Size
        | _ ->
            let struct (_, size) = List.max sized
            size

    let private asleep now (state: State) reckoning : Verdict =
        let evaluation = Evaluation(state, now)

        let rules =
            [ for index in 0 .. state.Plan.Rules.Length - 1 do
                  match state.Plan.Rules[index] with
                  | planned when reckoning.Proposing[index] ->
                      match planned.Rule.Action with
                      | Resume _ -> planned
                      | _ -> ()
                  | _ -> () ]

        let size = Sizes.settled now state (wakeSize state (rules |> List.map _.Rule))
        let proposal = Change.describe (DoResume size)
        let built by seen : Reason = { By = by; Proposal = proposal; Seen = seen }

        let wanted =
            [ match state.Stage with
              | Broken(reason, true) -> built "crash" [ reason ]
              | _ -> ()
              for planned in rules do
                  built planned.Rule.Name (Words.seen evaluation state.Plan planned.When)
              if state.Activity.Held > 0 then built "wake" [ $"{state.Activity.Held} held" ] ]

        let refusals = refusal evaluation state reckoning

        let backoff =
            if Backoff.over now state.ResumeBackoff then []
            else [ struct ("back-off", $"the last attempt failed: {state.ResumeBackoff.Reason}", ValueSome state.ResumeBackoff.NotBefore) ]

        let obstacles = (refusals |> List.map (fun (by, reason) -> struct (by, reason, ValueNone))) @ backoff

        let blocked =
            [ for reason in wanted do
                  for struct (by, why, until) in obstacles do
                      ({ Rule = reason.By; Proposal = proposal; By = by; Reason = why; Until = until }: Blocked) ]

        let go = not wanted.IsEmpty && obstacles.IsEmpty

        { Effect = (if go then ValueSome(DoResume size) else ValueNone)
          Reasons = (if go then wanted else [])
          Blocked = blocked
          RefuseHeld = refuse refusals }

    /// What the state calls for at `now`.
    let reach now (state: State) (reckoning: Reckoning) : Verdict =
        match state.Stage with
        | Awake -> awake now state reckoning
        | Asleep
        | Broken _ -> asleep now state reckoning
        | Stopping _ -> { nothing with RefuseHeld = refuse (refusal (Evaluation(state, now)) state reckoning) }
        | Waking _
        | Fitting _
        | Emptying _ -> nothing
