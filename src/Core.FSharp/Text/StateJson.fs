/// The state as versioned JSON in two forms. The restart form has what outlives the process: phase, revision, timers, back-off, size,
/// spending; windows are left out and start as Unknown, and an effect that was in flight is forgotten. The full form has everything,
/// so that a log that begins with it replays to the same bytes.
module internal Serverless.Core.StateJson

open Serverless.Core.Decode

[<Literal>]
let private Version = 1

let private backoff (backoff: Backoff) : Json =
    Json.Object [ "failures", InputJson.int backoff.Failures; "notBefore", InputJson.ms backoff.NotBefore; "reason", Json.Text backoff.Reason ]

let private readBackoff: Decoder<Backoff> =
    fun json ->
        decode {
            let! failures = field "failures" Decode.int32 json
            let! notBefore = field "notBefore" Decode.ms json
            let! reason = field "reason" text json
            return { Failures = max 0 failures; NotBefore = notBefore; Reason = reason }
        }

let private stage (stage: Stage) : Json =
    let named name fields = Json.Object(("name", Json.Text name) :: fields)
    let draining name (drain: Drain) = named name (("byOperator", Json.Bool drain.ByOperator) :: DecisionJson.breakingFields drain.Breaking)

    match stage with
    | Asleep -> named "suspended" []
    | Awake -> named "running" []
    | Waking(target, restart) -> named "resuming" [ "target", InputJson.mcu target; "restart", Json.Bool restart ]
    | Fitting target -> named "resizing" [ "target", InputJson.mcu target ]
    | Emptying drain -> draining "draining" drain
    | Stopping drain -> draining "suspending" drain
    | Broken(reason, restart) -> named "failed" [ "reason", Json.Text reason; "restart", Json.Bool restart ]

let private readDrain: Decoder<Drain> =
    fun json ->
        decode {
            let! byOperator = field "byOperator" bool json
            let! transactions = field "breakTransactions" (Decode.optional Decode.ms) json
            let! pinned = field "breakPinned" (Decode.optional Decode.ms) json
            return { ByOperator = byOperator; Breaking = { Transactions = transactions; PinnedSessions = pinned } }
        }

let private readWith (first: Decoder<'a>) (case: 'a * bool -> Stage) : Decoder<Stage> =
    fun json ->
        decode {
            let! value = first json
            let! restart = field "restart" bool json
            return case (value, restart)
        }

let private readStage: Decoder<Stage> =
    tagged "name" (function
        | "suspended" -> Some(fun _ -> Ok Asleep)
        | "running" -> Some(fun _ -> Ok Awake)
        | "resuming" -> Some(readWith (field "target" Decode.mcu) Waking)
        | "resizing" -> Some(field "target" Decode.mcu >> Result.map Fitting)
        | "draining" -> Some(readDrain >> Result.map Emptying)
        | "suspending" -> Some(readDrain >> Result.map Stopping)
        | "failed" -> Some(readWith (field "reason" text) Broken)
        | _ -> None)

let private spending (spending: Spending) : Json =
    Json.Object
        [ "at", InputJson.ms spending.At
          "day", InputJson.int spending.Day
          "dayUsed", Json.Int spending.DayUsed
          "monthUsed", Json.Int spending.MonthUsed ]

let private readSpending: Decoder<Spending> =
    fun json ->
        decode {
            let! at = field "at" Decode.ms json
            let! day = field "day" Decode.int32 json
            let! dayUsed = field "dayUsed" Decode.integer json
            let! monthUsed = field "monthUsed" Decode.integer json
            return { At = at; Day = day; DayUsed = dayUsed; MonthUsed = monthUsed }
        }

let private timers (state: State) : Json =
    Json.List
        [ for place in 0 .. state.Timers.Length - 1 do
              if state.Timers[place] <> Limits.Never then
                  Json.List [ InputJson.int state.Plan.Timers[place]; InputJson.ms state.Timers[place] ] ]

let private armed (state: State) : Json =
    Json.List
        [ for index in 0 .. state.Armed.Length - 1 do
              if state.Armed[index] then Json.Text state.Plan.Rules[index].Rule.Name ]

/// What both forms have.
let private core (state: State) : (string * Json) list =
    [ "version", InputJson.int Version
      "policy", Json.Text state.Plan.Policy.Revision
      "at", InputJson.ms state.At
      "revision", Json.Int state.Revision
      "stage", stage state.Stage
      "since", InputJson.ms state.Since
      "size", InputJson.mcu state.Size
      "pausedBy", InputJson.optional Json.Text state.PausedBy
      "quietSince", InputJson.ms state.QuietSince
      "resumedAt", InputJson.ms state.ResumedAt
      "resizedAt", InputJson.ms state.ResizedAt
      "resumeBackoff", backoff state.ResumeBackoff
      "resizeBackoff", backoff state.ResizeBackoff
      "suspendBackoff", backoff state.SuspendBackoff
      "unreclaimable", Json.Int(int64 state.Unreclaimable)
      "spending", spending state.Spending
      "timers", timers state
      "armed", armed state ]

let encode (state: State) : Json = Json.Object(core state)

let private series (state: State) : Json =
    let sample (at, value) = Json.List [ InputJson.ms at; Json.Int value ]

    Json.List
        [ for index in 0 .. state.Series.Length - 1 do
              Json.Object
                  [ "metric", Json.Text state.Plan.Slots[index].Metric.Name
                    "samples", Json.List(Series.toList state.Series[index] |> List.map sample) ] ]

let encodeFull (state: State) : Json =
    let pending =
        match state.Pending with
        | ValueSome(struct (command, by)) -> Json.Object(InputJson.commandFields command by)
        | ValueNone -> Json.Null

    let capacity =
        match state.Capacity with
        | ValueSome(struct (cpu, memory)) -> Json.List [ Json.Int(int64 cpu); Json.Int(int64 memory) ]
        | ValueNone -> Json.Null

    Json.Object(
        core state
        @ [ "next", InputJson.ms state.Next
            "pending", pending
            "note", InputJson.optional Json.Text state.Note
            "heard", InputJson.ms state.Heard
            "activity", InputJson.activity state.Activity
            "activityAt", InputJson.ms state.ActivityAt
            "capacity", capacity
            "factsAt", InputJson.ms state.FactsAt
            "series", series state
            "blocked", Json.List(List.map DecisionJson.blocked state.Blocked)
            "refuseHeld", DecisionJson.refuse state.RefuseHeld ]
    )

let private withTimers (found: (int * int64<ms>) list) (state: State) : State =
    let since place = found |> List.tryFind (fun (timer, _) -> timer = state.Plan.Timers[place]) |> Option.map snd
    { state with Timers = Array.init state.Timers.Length (since >> Option.defaultValue Limits.Never) }

let private withArmed (names: string list) (state: State) : State =
    { state with Armed = state.Plan.Rules |> Array.map (fun planned -> List.contains planned.Rule.Name names) }

let private readCore (plan: Plan) : Decoder<State> =
    fun json ->
        decode {
            let! version = field "version" Decode.int32 json
            do! if version = Version then Ok() else Error $"version: expected {Version}, found {version}"
            let! policy = field "policy" text json
            let! at = field "at" Decode.ms json
            let! revision = field "revision" Decode.integer json
            let! stage = field "stage" readStage json
            let! since = field "since" Decode.ms json
            let! size = field "size" Decode.mcu json
            let! pausedBy = field "pausedBy" (voptional text) json
            let! quietSince = field "quietSince" Decode.ms json
            let! resumedAt = field "resumedAt" Decode.ms json
            let! resizedAt = field "resizedAt" Decode.ms json
            let! resumeBackoff = field "resumeBackoff" readBackoff json
            let! resizeBackoff = field "resizeBackoff" readBackoff json
            let! suspendBackoff = field "suspendBackoff" readBackoff json
            let! unreclaimable = field "unreclaimable" Decode.integer json
            let! spending = field "spending" readSpending json
            let! timers = field "timers" (list (pair Decode.int32 Decode.ms)) json
            let! armed = field "armed" (list text) json
            let same = policy = plan.Policy.Revision

            let state =
                { State.initial plan size at with
                    Revision = revision
                    Stage = stage
                    Since = since
                    PausedBy = pausedBy
                    QuietSince = quietSince
                    ResumedAt = resumedAt
                    ResizedAt = resizedAt
                    ResumeBackoff = resumeBackoff
                    ResizeBackoff = resizeBackoff
                    SuspendBackoff = suspendBackoff
                    Unreclaimable = unreclaimable * 1L<bytes>
                    Spending = spending }

            // Timers and armed rules belong to the policy they were set under.
            return if same then state |> withTimers timers |> withArmed armed else state
        }

/// What was in flight when the process ended has no outcome to wait for: what the compute is will be observed.
let private landed (stage: Stage) : Stage =
    match stage with
    | Waking _
    | Stopping _ -> Asleep
    | Fitting _
    | Emptying _ -> Awake
    | Asleep
    | Awake
    | Broken _ -> stage

/// From the restart form. Idle counts from `at`, since nobody watched while the process was away.
let read (plan: Plan) (at: int64<ms>) : Decoder<State> =
    readCore plan
    >> Result.map (fun saved ->
        let now = max at saved.At
        let stage = landed saved.Stage

        { saved with
            At = now
            Next = now
            Revision = saved.Revision + 1L
            Stage = stage
            Since = (if stage = saved.Stage then saved.Since else now)
            Heard = now
            ActivityAt = now
            FactsAt = now
            QuietSince = now })

let private withSeries (found: (string * (int64<ms> * int64) list) list) (state: State) : State =
    let filled index series =
        let slot = state.Plan.Slots[index]

        match found |> List.tryFind (fun (metric, _) -> metric = slot.Metric.Name) with
        | Some(_, samples) -> samples |> List.fold (fun series (at, value) -> Series.append slot.Widest at value series) series
        | None -> series

    { state with Series = Array.mapi filled state.Series }

let private readSeries: Decoder<string * (int64<ms> * int64) list> =
    fun json ->
        decode {
            let! metric = field "metric" text json
            let! samples = field "samples" (list (pair Decode.ms Decode.integer)) json

            if samples |> List.pairwise |> List.forall (fun ((a, _), (b, _)) -> a <= b) then
                return metric, samples
            else
                return! Error $"samples: expected those of {metric} in order of time"
        }

/// From the full form, which only the policy that it was written under can read.
let readFull (plan: Plan) : Decoder<State> =
    fun json ->
        decode {
            let! policy = field "policy" text json

            let! state =
                if policy = plan.Policy.Revision then readCore plan json
                else Error $"policy: the state was written under revision {policy}, and this is revision {plan.Policy.Revision}"

            let! next = field "next" Decode.ms json
            let! pending = field "pending" (voptional InputJson.readCommand) json
            let! note = field "note" (voptional text) json
            let! heard = field "heard" Decode.ms json
            let! activity = field "activity" InputJson.readActivity json
            let! activityAt = field "activityAt" Decode.ms json
            let! capacity = field "capacity" (voptional (pair Decode.integer Decode.integer)) json
            let! factsAt = field "factsAt" Decode.ms json
            let! series = field "series" (list readSeries) json
            let! blocked = field "blocked" (list DecisionJson.readBlocked) json
            let! refuse = field "refuseHeld" (Decode.optional text) json

            return
                { withSeries series state with
                    Next = next
                    Pending = pending |> ValueOption.map (fun (command, by) -> struct (command, by))
                    Note = note
                    Heard = heard
                    Activity = activity
                    ActivityAt = activityAt
                    Capacity = capacity |> ValueOption.map (fun (cpu, memory) -> struct (cpu * 1L<mcpu>, memory * 1L<bytes>))
                    FactsAt = factsAt
                    Blocked = blocked
                    RefuseHeld = refuse }
        }
