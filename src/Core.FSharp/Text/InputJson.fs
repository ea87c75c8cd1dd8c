/// Inputs as JSON, one line each, for a log from which decisions replay.
module internal Serverless.Core.InputJson

open Serverless.Core.Decode

let int (value: int) = Json.Int(int64 value)
let ms (value: int64<ms>) = Json.Int(int64 value)
let mcu (value: int64<mcu>) = Json.Int(int64 value)

let optional (encode: 'a -> Json) (value: 'a voption) =
    match value with
    | ValueSome value -> encode value
    | ValueNone -> Json.Null

let activity (activity: Activity) : Json =
    Json.Object
        [ "held", int activity.Held
          "running", int activity.Running
          "transactions", int activity.Transactions
          "pinned", int activity.Pinned
          "open", int activity.Open
          "active", int activity.Active
          "unknownPeers", int activity.UnknownPeers
          "lastEnded", optional ms (Option.toValueOption activity.LastEnded)
          "transactionsIdle", ms activity.TransactionsIdle
          "pinnedIdle", ms activity.PinnedIdle
          "queriesRate", Json.Int activity.QueriesRate
          "queriesLatency", ms activity.QueriesLatency
          "queriesSince", optional ms (Option.toValueOption activity.QueriesSince) ]

let readActivity: Decoder<Activity> =
    fun json ->
        decode {
            let! held = field "held" Decode.int32 json
            let! running = field "running" Decode.int32 json
            let! transactions = field "transactions" Decode.int32 json
            let! pinned = field "pinned" Decode.int32 json
            let! opened = field "open" Decode.int32 json
            let! active = field "active" Decode.int32 json
            let! unknown = field "unknownPeers" Decode.int32 json
            let! ended = field "lastEnded" (Decode.optional Decode.ms) json
            let! transactionsIdle = field "transactionsIdle" Decode.ms json
            let! pinnedIdle = field "pinnedIdle" Decode.ms json
            let! rate = field "queriesRate" Decode.integer json
            let! latency = field "queriesLatency" Decode.ms json
            let! since = fieldOr "queriesSince" None (Decode.optional Decode.ms) json

            return
                { Held = held
                  Running = running
                  Transactions = transactions
                  Pinned = pinned
                  Open = opened
                  Active = active
                  UnknownPeers = unknown
                  LastEnded = ended
                  TransactionsIdle = transactionsIdle
                  PinnedIdle = pinnedIdle
                  QueriesRate = rate
                  QueriesLatency = latency
                  QueriesSince = since }
        }

let private tag name fields = Json.Object(("event", Json.Text name) :: fields)

let private observation (observation: Observation) : Json =
    let found name fields = tag "observed" (("found", Json.Text name) :: fields)

    match observation with
    | ComputeServes size -> found "serves" [ "size", optional mcu size ]
    | ComputeStarting -> found "starting" []
    | ComputeGone -> found "gone" []
    | ComputeCrashed reason -> found "crashed" [ "reason", Json.Text reason ]

let private readObservation: Decoder<Event> =
    tagged "found" (function
        | "serves" -> Some(field "size" (voptional Decode.mcu) >> Result.map (ComputeServes >> Observed))
        | "starting" -> Some(fun _ -> Ok(Observed ComputeStarting))
        | "gone" -> Some(fun _ -> Ok(Observed ComputeGone))
        | "crashed" -> Some(field "reason" text >> Result.map (ComputeCrashed >> Observed))
        | _ -> None)

let private outcome revision (outcome: Outcome) : Json =
    let ended name fields = tag "outcome" ([ "revision", Json.Int revision; "is", Json.Text name ] @ fields)
    let because name reason = ended name [ "reason", Json.Text reason ]

    match outcome with
    | Drained -> ended "drained" []
    | Succeeded -> ended "succeeded" []
    | FailedWith reason -> because "failed" reason
    | StillPending reason -> because "pending" reason
    | DeferredBy reason -> because "deferred" reason
    | InfeasibleFor reason -> because "infeasible" reason
    | RefusedBy reason -> because "refused" reason
    | WithheldBy reason -> because "withheld" reason

let private readOutcome: Decoder<Event> =
    let because case = Some(field "reason" text >> Result.map case)

    let outcome: Decoder<Outcome> =
        tagged "is" (function
            | "drained" -> Some(fun _ -> Ok Drained)
            | "succeeded" -> Some(fun _ -> Ok Succeeded)
            | "failed" -> because FailedWith
            | "pending" -> because StillPending
            | "deferred" -> because DeferredBy
            | "infeasible" -> because InfeasibleFor
            | "refused" -> because RefusedBy
            | "withheld" -> because WithheldBy
            | _ -> None)

    fun json ->
        decode {
            let! revision = field "revision" Decode.integer json
            let! outcome = outcome json
            return EffectOutcome(revision, outcome)
        }

let commandFields (command: Command) (by: string) : (string * Json) list =
    let named name fields = ("command", Json.Text name) :: ("by", Json.Text by) :: fields

    match command with
    | SuspendCommand -> named "suspend" []
    | ResumeCommand size -> named "resume" [ "size", optional mcu size ]
    | ResizeCommand size -> named "resize" [ "size", mcu size ]
    | PauseCommand -> named "pause" []
    | UnpauseCommand -> named "unpause" []

let readCommand: Decoder<Command * string> =
    let command: Decoder<Command> =
        tagged "command" (function
            | "suspend" -> Some(fun _ -> Ok SuspendCommand)
            | "resume" -> Some(field "size" (voptional Decode.mcu) >> Result.map ResumeCommand)
            | "resize" -> Some(field "size" Decode.mcu >> Result.map ResizeCommand)
            | "pause" -> Some(fun _ -> Ok PauseCommand)
            | "unpause" -> Some(fun _ -> Ok UnpauseCommand)
            | _ -> None)

    fun json ->
        decode {
            let! command = command json
            let! by = field "by" text json
            return command, by
        }

let private event (event: Event) : Json =
    match event with
    | Tick -> tag "tick" []
    | Measured(metric, value) -> tag "measured" [ "metric", Json.Text metric; "value", Json.Int value ]
    | MeasuredTogether samples ->
        tag "samples" [ "samples", Json.List [ for struct (metric, value) in samples -> Json.Object [ "metric", Json.Text metric; "value", Json.Int value ] ] ]
    | ActivityChanged found -> tag "activity" [ "activity", activity found ]
    | Observed found -> observation found
    | Unreclaimable memory -> tag "unreclaimable" [ "bytes", Json.Int(int64 memory) ]
    | Capacity(cpu, memory) -> tag "capacity" [ "cpu", Json.Int(int64 cpu); "bytes", Json.Int(int64 memory) ]
    | EffectOutcome(revision, found) -> outcome revision found
    | Commanded(command, by) -> tag "command" (commandFields command by)
    | PolicyChanged -> tag "policy" []

let private readSample: Decoder<struct (string * int64)> =
    fun json ->
        decode {
            let! metric = field "metric" text json
            let! value = field "value" Decode.integer json
            return struct (metric, value)
        }

let private readCapacity: Decoder<Event> =
    fun json ->
        decode {
            let! cpu = field "cpu" Decode.integer json
            let! memory = field "bytes" Decode.integer json
            return Capacity(cpu * 1L<mcpu>, memory * 1L<bytes>)
        }

let private readEvent: Decoder<Event> =
    tagged "event" (function
        | "tick" -> Some(fun _ -> Ok Tick)
        | "measured" -> Some(readSample >> Result.map (fun (struct (metric, value)) -> Measured(metric, value)))
        | "samples" -> Some(field "samples" (Decode.list readSample) >> Result.map MeasuredTogether)
        | "activity" -> Some(field "activity" readActivity >> Result.map ActivityChanged)
        | "observed" -> Some readObservation
        | "unreclaimable" -> Some(field "bytes" Decode.integer >> Result.map (fun value -> Unreclaimable(value * 1L<bytes>)))
        | "capacity" -> Some readCapacity
        | "outcome" -> Some readOutcome
        | "command" -> Some(readCommand >> Result.map Commanded)
        | "policy" -> Some(fun _ -> Ok PolicyChanged)
        | _ -> None)

let encode (input: Input) : Json =
    match event input.Event with
    | Json.Object fields -> Json.Object(("at", ms input.At) :: fields)
    | other -> other

let read: Decoder<Input> =
    fun json ->
        decode {
            let! at = field "at" Decode.ms json
            let! event = readEvent json
            return { At = at; Event = event }
        }
