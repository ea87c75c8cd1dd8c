/// Decisions as JSON, one line each. Blocked proposals are read back too, since a state tells them again on quiet ticks.
module internal Serverless.Core.DecisionJson

open Serverless.Core.Decode

let private texts (values: string list) = Json.List(List.map Json.Text values)

let phase (phase: Phase) : string =
    match phase with
    | Suspended -> "suspended"
    | Resuming -> "resuming"
    | Running -> "running"
    | Phase.Resizing -> "resizing"
    | Draining -> "draining"
    | Suspending -> "suspending"
    | Failed -> "failed"

let breakingFields (breaking: Breaking) =
    [ "breakTransactions", InputJson.optional InputJson.ms (Option.toValueOption breaking.Transactions)
      "breakPinned", InputJson.optional InputJson.ms (Option.toValueOption breaking.PinnedSessions) ]

let private effect (effect: Effect) : Json =
    match effect with
    | DoSuspend drain -> Json.Object([ "do", Json.Text "suspend"; "byOperator", Json.Bool drain.ByOperator ] @ breakingFields drain.Breaking)
    | DoResume size -> Json.Object [ "do", Json.Text "resume"; "size", InputJson.mcu size ]
    | DoResize size -> Json.Object [ "do", Json.Text "resize"; "size", InputJson.mcu size ]

let private reason (reason: Reason) : Json =
    Json.Object [ "by", Json.Text reason.By; "proposal", Json.Text reason.Proposal; "seen", texts reason.Seen ]

let blocked (blocked: Blocked) : Json =
    Json.Object
        [ "rule", Json.Text blocked.Rule
          "proposal", Json.Text blocked.Proposal
          "by", Json.Text blocked.By
          "reason", Json.Text blocked.Reason
          "until", InputJson.optional InputJson.ms blocked.Until ]

let readBlocked: Decoder<Blocked> =
    fun json ->
        decode {
            let! rule = field "rule" text json
            let! proposal = field "proposal" text json
            let! by = field "by" text json
            let! reason = field "reason" text json
            let! until = field "until" (voptional Decode.ms) json
            return { Rule = rule; Proposal = proposal; By = by; Reason = reason; Until = until }
        }

let refuse (refusal: string option) : Json = InputJson.optional Json.Text (Option.toValueOption refusal)

let encode (decision: Decision) : Json =
    Json.Object
        [ "at", InputJson.ms decision.At
          "revision", Json.Int decision.Revision
          "phase", Json.Text(phase decision.Phase)
          "effect", InputJson.optional effect decision.Effect
          "because", texts decision.Because
          "reasons", Json.List(List.map reason decision.Reasons)
          "blocked", Json.List(List.map blocked decision.Blocked)
          "warnings", texts decision.Warnings
          "refuseHeld", refuse decision.RefuseHeld
          "nextCheck", InputJson.ms decision.NextCheck ]
