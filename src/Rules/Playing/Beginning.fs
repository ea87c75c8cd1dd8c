/// The kernel where a scenario begins: nothing before it was decided by the policy.
module internal Serverless.Rules.Beginning

open System
open Serverless.Core

/// Longer than any cooldown: what has run this long has nothing to wait for.
let private longAgo = 8L * 86_400_000L<ms>

/// `Running` statements at one instant, and nothing else.
let private work (running: int) = Inputs.Activity(0, running, 0, 0, running, running, 0, Nullable(), 0L, 0L, 0L, 0L, Nullable())

/// The state at the start, the last decision before it, and the policy it was led there by, which has no rules. `machine`: what it has; none: as
/// much as is asked for.
let state (policy: Policy) (begins: StartState) (machine: struct (int64<mcpu> * int64<bytes>) voption) (start: int64<ms>) : struct (State * Decision * Policy) =
    let at, runs, since =
        match begins with
        | StartsRunning(at, since) -> ValueSome at, true, since |> Option.defaultValue longAgo
        | StartsSuspended at -> Option.toValueOption at, false, longAgo

    let bounds = match at with ValueSome at -> [ { Min = at; Max = at; During = None } ] | ValueNone -> policy.Bounds
    let bare = { policy with Revision = "before the start"; Rules = []; Forbids = []; Bounds = bounds; Step = 1L<mcu> }
    let begins = start - since

    let events =
        [ match machine with
          | ValueSome(struct (cpu, memory)) -> begins, Capacity(cpu, memory)
          | ValueNone -> ()
          begins, Observed(ComputeServes at)
          // Busy to the last, so that what comes first is where `idle` counts from.
          begins, ActivityChanged(work 1)
          if not runs then
              begins + 1L<ms>, Observed ComputeGone
              begins + 2L<ms>, ActivityChanged(work 0) ]

    let step (struct (state, _)) (at, event) = Kernel.step bare state { At = at; Event = event }
    let struct (state, decision) = events |> List.fold step (struct (Kernel.initial bare begins, Unchecked.defaultof<Decision>))
    struct (state, decision, bare)
