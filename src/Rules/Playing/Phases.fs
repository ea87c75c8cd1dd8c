/// Phases as a play sees them.
module internal Serverless.Rules.Phases

open Serverless.Core

/// Statements run.
let isUp (phase: Phase) =
    match phase with
    | Phase.Running
    | Phase.Resizing -> true
    | _ -> false

/// There is a compute, which can be measured and has sessions.
let exists (phase: Phase) =
    match phase with
    | Phase.Running
    | Phase.Resizing
    | Phase.Draining
    | Phase.Suspending -> true
    | _ -> false

let name (phase: Phase) =
    match phase with
    | Phase.Suspended -> "suspended"
    | Phase.Resuming -> "resuming"
    | Phase.Running -> "running"
    | Phase.Resizing -> "resizing"
    | Phase.Draining -> "draining"
    | Phase.Suspending -> "suspending"
    | Phase.Failed -> "failed"
