namespace Serverless.Core

/// What a proposal comes to at the present size. From the least capacity to the most.
[<NoComparison>]
type internal Move =
    | Sleep of Breaking
    | Down of int64<mcu>
    | Stay
    | Up of int64<mcu>

[<NoEquality; NoComparison>]
type internal Proposal =
    { By: string
      Priority: int64
      /// Out of bounds: not subject to cooldowns, and never in the way of others.
      Implicit: bool
      Move: Move
      Rule: PlannedRule voption }

/// Gathers what is proposed while the compute runs, each clamped to the bounds and snapped to the step; what changes nothing is left out.
module internal Proposals =
    let describe =
        function
        | Sleep _ -> "suspend"
        | Down size
        | Up size -> "resize to " + Words.size size
        | Stay -> "stay"

    /// Size times usage over the target, rounded up.
    let private goal (size: int64<mcu>) (usage: Exact) (target: int64) : int64<mcu> voption =
        match usage with
        | Ratio(num, den) when target > 0L ->
            let over = Exact.wide den * Exact.wide target
            let most = Exact.wide (int64 Limits.LargestSize)
            let product = Exact.wide (int64 size) * System.Int128.Min(num, Exact.wide (int64 Limits.Never))
            ValueSome(int64 (System.Int128.Min((product + over - System.Int128.One) / over, most)) * 1L<mcu>)
        | _ -> ValueNone

    let private bounded (size: int64<mcu>) = max 0L<mcu> (min size Limits.LargestSize)

    let private amount size =
        function
        | Proportion basisPoints -> Sizes.part size (max 0L basisPoints)
        | Units units -> bounded units

    /// The size that an action asks for at a size, before memory is looked at; none when it asks for nothing. `usage` is what a Track rule follows.
    let asked (range: Sizes.Range) (policy: Policy) (size: int64<mcu>) (usage: Exact voption) (action: RuleAction) : int64<mcu> voption =
        let outward raw = Sizes.outward range policy size (bounded raw)

        match action with
        | ResizeUp by -> ValueSome(max size (outward (size + amount size by)))
        | ResizeDown by -> ValueSome(min size (outward (size - amount size by)))
        | ResizeTo raw -> ValueSome(outward raw)
        | Track(_, _, at) ->
            match usage with
            | ValueSome usage ->
                goal size usage at |> ValueOption.map (fun raw -> Sizes.clamp range (Sizes.ceilTo (max 1L<mcu> policy.Step) raw))
            | ValueNone -> ValueNone
        | Suspend _
        | Resume _ -> ValueNone

    let private target (evaluation: Evaluation) (range: Sizes.Range) (state: State) (planned: PlannedRule) : int64<mcu> voption =
        let usage =
            match planned.Rule.Action with
            | Track _ -> evaluation.Read(planned.Tracked).Value
            | _ -> ValueNone

        asked range state.Plan.Policy state.Size usage planned.Rule.Action

    let private held rule proposal (floor: int64<mcu>) : Blocked =
        { Rule = rule
          Proposal = proposal
          By = "memory"
          Reason = $"memory that cannot be given back needs {Words.size floor}"
          Until = ValueNone }

    /// A shrink stops at what memory cannot be given back needs; what is left of it is proposed.
    let private toward (state: State) by priority isImplicit rule (target: int64<mcu>) : Choice<Proposal, Blocked> option =
        let made move = Some(Choice1Of2 { By = by; Priority = priority; Implicit = isImplicit; Move = move; Rule = rule })

        if target > state.Size then made (Up target)
        elif target = state.Size then None
        else
            let floor = Sizes.memoryFloor state
            let target' = max target floor
            if target' < state.Size then made (Down target')
            else Some(Choice2Of2(held by (describe (Down target)) floor))

    let private ofRule evaluation range (state: State) (planned: PlannedRule) =
        let rule = planned.Rule

        match rule.Action with
        | Suspend breaking ->
            Some(Choice1Of2 { By = rule.Name; Priority = int64 rule.Priority; Implicit = false; Move = Sleep breaking; Rule = ValueSome planned })
        | _ ->
            match target evaluation range state planned with
            | ValueSome target -> toward state rule.Name (int64 rule.Priority) false (ValueSome planned) target
            | ValueNone -> None

    /// All proposals of rules that fired and of the bounds, and what memory stopped outright.
    let gather (evaluation: Evaluation) (now: int64<ms>) (state: State) (reckoning: Reckoning) : Proposal list * Blocked list =
        let range = Sizes.range now state
        let inBounds = Sizes.clamp range state.Size

        // Nothing is proposed at most looks.
        if inBounds = state.Size && not (Array.contains true reckoning.Proposing) then [], []
        else
            let found =
                [ toward state "bounds" System.Int64.MaxValue true ValueNone inBounds
                  for index in 0 .. state.Plan.Rules.Length - 1 do
                      if reckoning.Proposing[index] && state.Plan.Rules[index].Rule.On = OnRunning then
                          ofRule evaluation range state state.Plan.Rules[index] ]
                |> List.choose id

            found |> List.choose (function Choice1Of2 proposal -> Some proposal | Choice2Of2 _ -> None),
            found |> List.choose (function Choice2Of2 blocked -> Some blocked | Choice1Of2 _ -> None)
