namespace Serverless.Rules

open System
open Serverless.Core

/// A kernel and its compute in virtual time: what a host's controller does of an input and of a decision, the effect in flight included. Who plays
/// it says what the clients do, and sends the rest. Times are milliseconds since the start of the play.
[<AbstractClass>]
type internal Controller(policy: Policy, effects: Effects, start: int64<ms>) =
    // Set when the play begins, before anything reads them.
    let mutable state = Kernel.initial policy start
    let mutable decision = Unchecked.defaultof<Decision>
    let mutable phase = Phase.Suspended
    let mutable size = 0L<mcu>
    let mutable now = 0L<ms>
    // None until the clock is set: it shows the time of the play.
    let mutable clock: Clock voption = ValueNone
    let mutable skew = 0L<ms>
    let mutable steps = 0
    let mutable dueAt = Controller.Never
    let mutable dueRevision = 0L
    let mutable drain: struct (Drain * int64<ms>) voption = ValueNone
    let mutable before = Unchecked.defaultof<State>
    let mutable told = Tick

    let start' (effect: Effect) (revision: int64) =
        let length = effects.Length effect
        dueRevision <- revision

        match effect with
        | DoSuspend how ->
            let rest = min 1_000L<ms> (length / 2L)
            dueAt <- now + length - rest
            drain <- ValueSome(struct (how, rest))
        | DoResume _
        | DoResize _ ->
            dueAt <- now + length
            drain <- ValueNone

    let shown () =
        match clock with
        | ValueNone -> start + now
        | ValueSome clock -> clock.Read(start + now + skew, now).Now

    let sizeNow () = (Kernel.view state (shown ())).SizeMcu * 1L<mcu>

    /// Behind every play.
    static member Never: int64<ms> = Int64.MaxValue * 1L<ms>

    member _.State = state
    member _.Decision = decision
    member _.Phase = phase
    member _.Size = size

    member _.Now
        with get () = now
        and set (at: int64<ms>) = now <- at

    /// Inputs that the kernel was given.
    member _.Steps = steps

    /// When the effect in flight has something to tell.
    member _.DueAt = dueAt

    /// When the kernel is to be called if nothing happens.
    member _.TickAt: int64<ms> =
        match clock with
        | ValueNone -> max now (decision.NextCheck - start)
        | ValueSome clock -> max now (min (decision.NextCheck - start - skew) (clock.WaitsUntil decision.NextCheck))

    /// Metrics by how they are measured, with the period of each such look: all built-in ones together, and each of the user's by itself.
    static member Looks(policy: Policy) : (int64<ms> * Metric list) list =
        policy.Metrics
        |> List.filter (fun metric -> metric.Class = Sample)
        |> List.groupBy (fun metric -> metric.Period, (match metric.Source with BuiltIn -> "" | Sql _ -> metric.Name))
        |> List.map (fun ((period, _), metrics) -> period, metrics)

    /// What the kernel is told of the time, in milliseconds of Unix time.
    member _.Shown: int64<ms> = shown ()

    /// Somebody sets the gateway's clock.
    member _.SetClock(by: int64<ms>) =
        clock <- ValueSome(Clock.Set(shown (), now))
        skew <- skew + by

    /// The state changed: `Phase` and `Size` are as they were before, and the effect of the answer, if any, has begun.
    abstract Decided: answer: Decision -> unit
    /// The phase or the size is another one than before.
    abstract Stood: before: Phase -> unit
    /// Held statements get this error at once.
    abstract Refuse: reason: string -> unit
    /// Tells the kernel what is new of the clients.
    abstract Look: unit -> unit
    /// A drain gives up on these, until `Mend`.
    abstract Break: Breaking -> unit
    abstract Mend: unit -> unit

    /// The state that the last input would have led to if nothing had been decided. An action changes it: a resume begins timers anew.
    member _.Undecided: State =
        let paused at (state: State) = Kernel.step policy state { At = at; Event = Commanded(PauseCommand, "") }
        let at = shown ()
        let struct (waiting, _) = paused at before

        match told with
        | Commanded _ -> waiting
        | _ ->
            let struct (after, _) = Kernel.step policy waiting { At = at; Event = told }
            after

    /// From here on, under a policy that led here and has no rules: its inputs are no part of the play.
    member _.Begin(before: State, last: Decision) =
        state <- before
        decision <- last
        phase <- last.Phase
        size <- sizeNow ()

    /// An input of before the play.
    member _.Prepare(bare: Policy, event: Event) =
        let struct (after, answer) = Kernel.step bare state { At = start; Event = event }
        state <- after
        decision <- answer

    /// What was spent before the play, in thousandths of a compute-unit hour.
    member _.Spend(day: int64, month: int64) = state <- Kernel.spent day month start state

    member this.Send(event: Event) : unit =
        steps <- steps + 1
        before <- state
        told <- event
        let struct (after, answer) = Kernel.step policy state { At = shown (); Event = event }
        state <- after
        decision <- answer

        if not (obj.ReferenceEquals(before, after)) then
            match answer.Effect with
            | ValueSome effect -> start' effect answer.Revision
            | ValueNone -> ()

            this.Decided answer
            let was, wasSize = phase, size
            phase <- answer.Phase

            match event with
            | Measured _
            | MeasuredTogether _
            | ActivityChanged _
            | Tick when phase = was -> ()
            | _ -> size <- sizeNow ()

            if phase <> was || size <> wasSize then
                this.Stood was

            match answer.RefuseHeld with
            | Some reason -> this.Refuse reason
            | None -> ()

    /// What was measured at this instant, if anything was.
    member this.Measure(samples: struct (string * int64) list) : unit =
        if not samples.IsEmpty then
            this.Send(Event.OfSamples samples)

    /// What the effect in flight has to tell at `DueAt`. An effect that was overtaken tells nothing.
    member this.Fulfil() : unit =
        let revision = dueRevision
        let how = drain
        dueAt <- Controller.Never
        drain <- ValueNone

        if revision = decision.Revision then
            match how with
            | ValueNone ->
                let kind =
                    match phase with
                    | Phase.Resuming -> ResumeEffect
                    | Phase.Resizing -> ResizeEffect
                    | _ -> SuspendEffect

                this.Send(EffectOutcome(revision, effects.Outcome kind))
            | ValueSome(struct (how, rest)) ->
                match effects.Outcome SuspendEffect with
                | RefusedBy _ as refused -> this.Send(EffectOutcome(revision, refused))
                | _ ->
                    this.Break how.Breaking
                    this.Look()

                    if decision.Revision = revision then
                        this.Send(EffectOutcome(revision, Drained))

                        if phase = Phase.Suspending then
                            dueRevision <- revision
                            dueAt <- now + rest

                    if phase <> Phase.Suspending then
                        this.Mend()
