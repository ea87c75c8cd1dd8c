/// The laws that hold under every rule file, over generated policies and lives.
module Serverless.Tests.Property.Core.Laws

open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Lives
open Serverless.Tests.Property.Core.Play
open Serverless.Tests.Property.Core.Corpus

let private givesUp (limit: int64<ms> option) (idleFor: int64<ms>) =
    match limit with
    | Some limit -> idleFor >= limit
    | None -> false

/// Nothing is in the way of this drain, by what the kernel was last told.
let free (step: Step) (drain: Drain) =
    let activity = step.Activity
    let waited = step.Decision.At - step.ActivityAt

    activity.Running = 0
    && (activity.Held = 0 || drain.ByOperator)
    && activity.UnknownPeers = 0
    && (activity.Transactions = 0 || givesUp drain.Breaking.Transactions (activity.TransactionsIdle + waited))
    && (activity.Pinned = 0 || givesUp drain.Breaking.PinnedSessions (activity.PinnedIdle + waited))

let saidSo (policy: Policy) (breaking: Breaking) =
    let said part =
        policy.Rules
        |> List.exists (fun rule ->
            match rule.Action with
            | Suspend found -> part found = part breaking
            | _ -> false)

    (breaking.Transactions.IsNone || said _.Transactions) && (breaking.PinnedSessions.IsNone || said _.PinnedSessions)

[<OfLives>]
[<Says "K-51">]
let ``1 never suspend while a statement runs or is held, a transaction is open, or a session cannot be restored`` (life: Life) (steps: Step list) : unit =
    for step in steps do
        match step.Decision.Effect with
        | ValueSome(DoSuspend drain) when not drain.ByOperator ->
            demand "a suspend began with work in the way" step (free step drain)
            demand "a suspend gives up on what no rule gives up on" step (saidSo step.Policy drain.Breaking)
        | _ -> ()

        match step.Before.Stage, step.Decision.Phase with
        | Emptying drain, Suspending -> demand "the point of no return was passed with work in the way" step (free step drain)
        | _ -> ()

/// Lets the effect in flight fail, and waits as the kernel asks, until it resumes or refuses.
let private heldFrom (step: Step) =
    let held = { quiet with Held = 1; Open = 1 }
    let deadline = max step.Input.At step.After.At + hours 1

    let rec go (story: Story) tries =
        let phase = story.Decision.Phase

        match story.Decision.Effect with
        | ValueSome(DoResume _) -> story
        | _ when story.Decision.RefuseHeld.IsSome || phase = Running || tries = 0 || story.Now > deadline -> story
        | _ when noCompute phase -> go (send Tick { story with Now = story.Decision.NextCheck }) (tries - 1)
        | _ ->
            let outcome = if phase = Draining then Drained elif phase = Suspending then Succeeded else FailedWith "no"
            go (story |> after (seconds 1) (EffectOutcome(story.Decision.Revision, outcome))) (tries - 1)

    let at = max step.Input.At step.After.At
    let struct (state, decision) = Play.step step.Policy step.After at (ActivityChanged held)
    go { Policy = step.Policy; State = state; Decision = decision; Now = at } 60

[<OfLives>]
[<Says "K-52">]
[<Says "K-53">]
let ``2 a held statement leads to a resume in every phase without a compute, unless forbidden or paused`` (life: Life) (steps: Step list) : unit =
    for step in few life steps do
        if noCompute step.Decision.Phase || step.Decision.Phase = Suspending then
            let story = heldFrom step
            let resumes = match story.Decision.Effect with ValueSome(DoResume _) -> true | _ -> false
            let mayRefuse = story.State.PausedBy.IsSome || step.Policy.Forbids |> List.exists (fun forbid -> List.contains ResumeAction forbid.Blocks)
            let waited = story.Now - max step.Input.At step.After.At

            demand "a held statement led to nothing" step (resumes || story.Decision.RefuseHeld.IsSome || story.Decision.Phase = Running)
            demand "a held statement was refused for no reason" step (story.Decision.RefuseHeld.IsNone || mayRefuse)
            demand "a held statement waited longer than the longest back-off" step (waited <= seconds 32)

/// The lowest and the highest size in force, worked out once more: the scheduled bounds take the place of the others, the machine caps both.
let range (step: Step) : struct (int64<mcu> * int64<mcu>) =
    let policy, at = step.Policy, step.Decision.At
    let zone = Array.ofList policy.Zone.Transitions

    let holds (bounds: Bounds) =
        match bounds.During with
        | Some _ -> ScheduleTime.contains zone office at
        | None -> false

    let chosen =
        match List.filter holds policy.Bounds with
        | [] -> policy.Bounds |> List.find _.During.IsNone
        | found -> found.Head

    let most =
        match step.After.Capacity with
        | ValueNone -> System.Int64.MaxValue
        | ValueSome(struct (cpu, memory)) -> max 500L (min (int64 cpu * 1000L / 500L) (int64 memory / 2_147_483_648L * 1000L + int64 memory % 2_147_483_648L * 1000L / 2_147_483_648L) / 500L * 500L)

    struct (min (int64 chosen.Min) most * 1L<mcu>, min (int64 chosen.Max) most * 1L<mcu>)

let private inBounds (step: Step) =
    let struct (low, high) = range step
    fun size -> size >= low && size <= high

/// What memory that cannot be given back needs with a tenth more, in whole steps.
let needed (step: Step) =
    let bytes = step.After.Unreclaimable
    let units = (decimal bytes + decimal (int64 bytes / 10L)) * 1000m / 2_147_483_648m
    int64 (ceil (units / 500m)) * 500L * 1L<mcu>

[<OfLives>]
[<Says "K-43">]
[<Says "K-44">]
let ``3 the size stays within the bounds in force`` (life: Life) (steps: Step list) : unit =
    for step in steps do
        let within = inBounds step

        match step.Decision.Effect with
        | ValueSome(DoResume size) ->
            demand "a resume at a size out of bounds" step (within size)
            demand "a size between two steps" step (size % 500L<mcu> = 0L<mcu>)
        | ValueSome(DoResize size) ->
            demand "a resize to a size out of bounds" step (within size || (size < step.After.Size && size = needed step))
            demand "a size between two steps" step (size % 500L<mcu> = 0L<mcu>)
        | _ -> ()

        let free = step.Policy.Forbids.IsEmpty && step.After.PausedBy.IsNone && step.After.ResizeBackoff.NotBefore <= step.Decision.At

        // What memory needs outweighs a ceiling.
        if step.Decision.Phase = Running && free && step.After.Size > needed step then
            demand "a size out of bounds was left alone" step (within step.After.Size)

let private shrinks (step: Step) =
    match step.Decision.Effect with
    | ValueSome(DoResize size) -> size < step.After.Size
    | _ -> false

let private byRules (step: Step) = step.Policy.Rules |> List.exists (fun rule -> List.contains rule.Name step.Decision.Because)

[<OfLives>]
[<Says "K-35">]
let ``4 missing data never shrinks and never suspends`` (SampledLife life) =
    let silent = life.Trace |> List.filter (fun (_, move) -> match move with Say(Measured _ | MeasuredTogether _) -> false | _ -> true)

    for step in play { life with Trace = silent } do
        let suspends = match step.Decision.Effect with ValueSome(DoSuspend _) -> true | _ -> false
        demand "a rule acted on samples that were never there" step (not (byRules step && (suspends || shrinks step)))

/// While it is paused nothing is carried out, so every rule is ready to act on what it saw when the pause ends.
[<OfLives>]
let ``4 samples that have ended are missing, also while windows still reach back to them`` (SampledLife life) =
    let random = System.Random life.Salt
    let cycle = Array.init (1 + random.Next 8) (fun _ -> int64 (random.Next 10_000))
    let measured n metric = Measured(metric, cycle[n % cycle.Length])
    let start = running { life.First with Forbids = [] } 2_000L<mcu> |> commands PauseCommand

    let told =
        [ 0..24 ]
        |> List.fold (fun story n -> story |> after (seconds 15) (measured n "cpu") |> send (measured n "memory") |> send (measured n "threads.running") |> send (measured (n / 12) "backup")) start

    let ended = told |> after (seconds (21 + random.Next 60)) (Commanded(UnpauseCommand, "ann"))
    let acted = ended.Policy.Rules |> List.exists (fun rule -> List.contains rule.Name ended.Decision.Because)

    match ended.Decision.Effect with
    | ValueSome(DoSuspend _) when acted -> failwith $"a rule suspended on stale samples: {ended.Decision}"
    | ValueSome(DoResize size) when acted && size < ended.State.Size -> failwith $"a rule shrank on stale samples: {ended.Decision}"
    | _ -> ()

[<OfLives>]
[<Says "K-45">]
let ``4 a size is never shrunk below the memory that cannot be given back`` (life: Life) (steps: Step list) : unit =
    for step in steps do
        match step.Decision.Effect with
        | ValueSome(DoResize size) when size < step.After.Size -> demand "a shrink into memory in use" step (size >= needed step)
        | _ -> ()

[<OfLives>]
[<Says "K-51">]
let ``4 an unknown peer counts as active`` (life: Life) (steps: Step list) : unit =
    for step in steps do
        match step.Decision.Effect with
        | ValueSome(DoSuspend drain) when not drain.ByOperator -> demand "a suspend with an unknown peer" step (step.Activity.UnknownPeers = 0)
        | _ -> ()

[<OfLives>]
let ``5 at most one effect is in flight`` (life: Life) (steps: Step list) : unit =
    let mutable inFlight = false

    for step in steps do
        // What can end an effect: its own outcome, what is found, a command, a statement that is held, a new policy.
        let mayEnd =
            match step.Input.Event with
            | EffectOutcome(revision, _) -> revision = step.Before.Revision
            | Observed _
            | Commanded _
            | ActivityChanged _
            | PolicyChanged -> true
            | _ -> false

        demand "an effect began while another was in flight" step (not (inFlight && step.Decision.Effect.IsSome && not mayEnd))
        demand "an effect without a revision of its own" step (step.Decision.Effect.IsNone || step.Decision.Revision > step.Before.Revision)
        demand "the phase does not tell that an effect is in flight" step (step.Decision.Effect.IsNone || not (atRest step.Decision.Phase))
        inFlight <- not (atRest step.Decision.Phase)

[<OfLives>]
[<Says "K-68">]
let ``5 an outcome of an older revision changes nothing`` (life: Life) (steps: Step list) : unit =
    for step in few life steps do
        let at = step.After.At

        let struct (untold, quietly) = Play.step step.Policy step.After at Tick
        let stays, decides = KernelJson.writeFullState untold, KernelJson.writeDecision quietly

        for outcome in [ Drained; Succeeded; FailedWith "late"; RefusedBy "late"; InfeasibleFor "late"; WithheldBy "late" ] do
            let struct (told, decision) = Play.step step.Policy step.After at (EffectOutcome(step.After.Revision - 1L, outcome))
            demand "a stale outcome changed the state" step (obj.ReferenceEquals(told, untold) || KernelJson.writeFullState told = stays)
            demand "a stale outcome changed the decision" step (KernelJson.writeDecision decision = decides)

/// One rule that always wants the same thing, in a state where it is wanted.
let private wanting kind =
    let story action = running (policy [ rule "want" (Constant true) action ] []) 1_000L<mcu>

    match kind with
    | 0 -> story (Suspend never)
    | 1 -> story (ResizeUp(Units 500L<mcu>))
    | 2 -> story (ResizeDown(Units 500L<mcu>))
    | _ -> begins (policy [] []) noon |> holds 1

[<OfLives>]
[<Says "K-67">]
[<Says "K-59">]
let ``6 a failed effect is tried again with exponential back-off, bounded, and never turns into another action`` (life: Life) (_: Step list) : unit =
    let kind, failures, eager = life.Salt % 4, life.Salt / 4 % 16, life.Salt / 64 % 2 = 0
    let first = wanting kind
    let wanted = first.Decision.Effect
    let mutable story = first
    let mutable last = 0L<ms>

    for attempt in 1 .. failures + 2 do
        if story.Decision.Effect <> wanted then failwith $"attempt {attempt} turned into {story.Decision.Effect}"
        let failedAt = story.Now
        story <- story |> ends (FailedWith "no")
        if story.Decision.Effect.IsSome then failwith "it was tried again at once"
        if eager then story <- story |> after 1L<ms> Tick
        if story.Decision.Effect.IsSome then failwith "it was tried again at once"
        story <- story |> waits (minutes 10)
        let waited = story.Now - failedAt
        let bound = if kind = 1 || kind = 2 then seconds 300 else seconds 30
        if last > 0L<ms> && waited <> min bound (2L * last) then failwith $"after {last} it waited {waited}, and not twice as long within {bound}"
        if waited <= 0L<ms> || waited > bound then failwith $"the back-off is {waited}, out of its bounds"
        last <- waited

[<OfLives>]
[<Says "K-67">]
let ``6 nothing is tried again before its back-off ends`` (life: Life) (steps: Step list) : unit =
    for step in steps do
        let byRule = not (List.contains "command" step.Decision.Because)

        match step.Decision.Effect with
        | ValueSome(DoSuspend _) when byRule ->
            // What was withheld did not fail: it is decided again as soon as the compute has been busy and went quiet.
            let backoff = step.Before.SuspendBackoff
            demand "a suspend in its back-off" step (step.Decision.At >= backoff.NotBefore || Backoff.isWithheld backoff)
        | ValueSome(DoResize _) when byRule -> demand "a resize in its back-off" step (step.Decision.At >= step.After.ResizeBackoff.NotBefore)
        | ValueSome(DoResume _) when byRule -> demand "a resume in its back-off" step (step.Decision.At >= step.After.ResumeBackoff.NotBefore)
        | _ -> ()

let private turned (policy: Policy) : Policy =
    { policy with
        Rules = List.rev policy.Rules
        Forbids = List.rev policy.Forbids
        Bounds = List.rev policy.Bounds
        Metrics = List.rev policy.Metrics
        Schedules = List.rev policy.Schedules }

[<OfLives>]
[<Says "K-9">]
let ``7 the order of rules never changes a decision`` (life: Life) (steps: Step list) : unit =
    for straight, reversed in List.zip steps (playAs turned life) do
        demand "the reversed policy decides otherwise" straight (straight.Decision = reversed.Decision)

[<OfLives>]
[<Says "K-1">]
let ``8 time never runs backwards, and what is late still counts`` (life: Life) (steps: Step list) : unit =
    let mutable last = noon

    for step in steps do
        demand "the decision is older than the state" step (step.Decision.At >= step.After.At)
        demand "the state is older than what was looked at before" step (step.After.At >= last)
        demand "the state is older than before" step (step.After.At >= step.Before.At)
        demand "an older input without a warning" step (step.Input.At >= step.Before.At || not step.Decision.Warnings.IsEmpty)
        last <- step.After.At

    for step in few life steps do
        let struct (late, decision) = Play.step step.Policy step.After (step.After.At - seconds 30) step.Input.Event
        let struct (timely, expected) = Play.step step.Policy step.After step.After.At step.Input.Event
        demand "the content of a late input did not count" step (KernelJson.writeFullState late = KernelJson.writeFullState timely)
        demand "a late input decides otherwise" step (KernelJson.writeDecision { decision with Warnings = [] } = KernelJson.writeDecision { expected with Warnings = [] })
        demand "a late input without one warning more" step (decision.Warnings.Length = expected.Warnings.Length + 1)
