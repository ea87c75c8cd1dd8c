namespace Serverless.Rules

open System.Collections.Generic
open Serverless.Core

/// The compute's side of a play: how long its effects take, and how they end, as the scenario has it.
[<Sealed>]
type internal Effects() =
    let lengths = Dictionary<EffectKind, int64<ms>>()
    let ends = Dictionary<EffectKind, EffectEnd>()

    let kindOf effect =
        match effect with
        | DoSuspend _ -> SuspendEffect
        | DoResume _ -> ResumeEffect
        | DoResize _ -> ResizeEffect

    member _.Take(kind: EffectKind, length: int64<ms>) = lengths[kind] <- length

    member _.End(kind: EffectKind, how: EffectEnd) = ends[kind] <- how

    member _.Length(effect: Effect) : int64<ms> =
        match lengths.TryGetValue(kindOf effect) with
        | true, length -> length
        | _ -> if effect.IsDoSuspend then 2_000L<ms> else 1_000L<ms>

    member _.Outcome(kind: EffectKind) : Outcome =
        let reason = "as the scenario has it"

        match ends.TryGetValue kind with
        | true, Failure -> FailedWith reason
        | true, Deferral -> DeferredBy reason
        | true, Infeasibility -> InfeasibleFor reason
        | true, Refusal -> RefusedBy reason
        | _ -> Succeeded
