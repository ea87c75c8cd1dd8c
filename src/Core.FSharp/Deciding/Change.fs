namespace Serverless.Core

/// What one input makes of a state: at most one effect begins, with what spoke for it.
[<NoEquality; NoComparison>]
type internal Change =
    { State: State
      Effect: Effect voption
      Reasons: Reason list
      Warnings: string list }

module internal Change =
    let none state : Change = { State = state; Effect = ValueNone; Reasons = []; Warnings = [] }

    let warn text (change: Change) : Change = { change with Warnings = change.Warnings @ [ text ] }

    let because by proposal (change: Change) : Change =
        { change with Reasons = change.Reasons @ [ { By = by; Proposal = proposal; Seen = [] } ] }

    let describe =
        function
        | DoSuspend _ -> "suspend"
        | DoResume size -> "resume at " + Words.size size
        | DoResize size -> "resize to " + Words.size size

    /// Enters the stage that goes with the effect; its revision is the one to report back with.
    let start now (effect: Effect) (reasons: Reason list) (state: State) : Change =
        let restart =
            match state.Stage with
            | Broken(_, restart) -> restart
            | _ -> false

        let stage =
            match effect with
            | DoSuspend drain -> Emptying drain
            | DoResume size -> Waking(size, restart)
            | DoResize size -> Fitting size

        { State = State.enter now stage state
          Effect = ValueSome effect
          Reasons = reasons
          Warnings = [] }
