/// Plays inputs to the kernel and remembers every step, as a host would see it.
module Serverless.Tests.Property.Core.Play

open Serverless.Core
open Serverless.Tests.Property.Core.Policies

/// One input with what it met and what came of it.
type Step =
    { Policy: Policy
      Before: State
      Input: Input
      After: State
      Decision: Decision
      /// As last told to the kernel, and when.
      Activity: Activity
      ActivityAt: int64<ms> }

let step policy state at event : struct (State * Decision) = Kernel.step policy state { At = at; Event = event }

/// A story told input by input: the state, the last decision and the time.
type Story = { Policy: Policy; State: State; Decision: Decision; Now: int64<ms> }

let send event (story: Story) : Story =
    let struct (state, decision) = step story.Policy story.State story.Now event
    { story with State = state; Decision = decision }

let after length event (story: Story) : Story = send event { story with Now = story.Now + length }

let begins policy at : Story =
    let state = Kernel.initial policy at
    let struct (state, decision) = step policy state at Tick
    { Policy = policy; State = state; Decision = decision; Now = at }

/// A compute of this size was found running.
let running policy size : Story = begins policy noon |> send (Observed(ComputeServes(ValueSome size)))

let ends outcome (story: Story) : Story = send (EffectOutcome(story.Decision.Revision, outcome)) story
let holds count (story: Story) : Story = send (ActivityChanged { quiet with Held = count; Open = count }) story
let commands command (story: Story) : Story = send (Commanded(command, "ann")) story

/// Ticks when the kernel asks for it until this much time has passed; stops at the first effect.
let waits length (story: Story) : Story =
    let until = story.Now + length

    let rec go (story: Story) =
        if story.Decision.Effect.IsSome || story.Now >= until then story
        else go (send Tick { story with Now = min until story.Decision.NextCheck })

    go (send Tick story)

/// The same, where the effect may have begun already.
let awaits length (story: Story) : Story = if story.Decision.Effect.IsSome then story else waits length story

/// Samples of a metric every five seconds for this long; stops at the first effect.
let sampled metric value length (story: Story) : Story =
    let until = story.Now + length

    let rec go (story: Story) =
        if story.Decision.Effect.IsSome || story.Now >= until then story
        else go (after (seconds 5) (Measured(metric, value)) story)

    go story
