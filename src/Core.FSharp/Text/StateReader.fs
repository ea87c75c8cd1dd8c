/// Reads the state back from either form of its JSON. Total: what cannot be read is an error that names the place.
module internal Serverless.Core.StateReader

open Serverless.Core.Decode

let private readBackoff: Decoder<Backoff> =
    fun json ->
        decode {
            let! failures = field "failures" Decode.int32 json
            let! notBefore = field "notBefore" Decode.ms json
            let! reason = field "reason" text json
            return { Failures = max 0 failures; NotBefore = notBefore; Reason = reason }
        }

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

let private readSpending: Decoder<Spending> =
    fun json ->
        decode {
            let! at = field "at" Decode.ms json
            let! day = field "day" Decode.int32 json
            let! dayUsed = field "dayUsed" Decode.integer json
            let! monthUsed = field "monthUsed" Decode.integer json
            return { At = at; Day = day; DayUsed = dayUsed; MonthUsed = monthUsed }
        }

let private withTimers (found: (int * int64<ms>) list) (state: State) : State =
    let since place = found |> List.tryFind (fun (timer, _) -> timer = state.Plan.Timers[place]) |> Option.map snd
    { state with Timers = Array.init state.Timers.Length (since >> Option.defaultValue Limits.Never) }

let private withArmed (names: string list) (state: State) : State =
    { state with Armed = state.Plan.Rules |> Array.map (fun planned -> List.contains planned.Rule.Name names) }

let private readable (version: int) =
    if version >= StateJson.OldestVersion && version <= StateJson.Version then Ok()
    else Error $"version: expected {StateJson.OldestVersion} to {StateJson.Version}, found {version}"

let private instant: Decoder<int64<ms>> =
    fun json ->
        decode {
            let! at = Decode.ms json
            return! if at >= Limits.Earliest && at <= Limits.Latest then Ok at else Error $"expected an instant from {Limits.Earliest} to {Limits.Latest}, found {at}"
        }

let private readCore (plan: Plan) : Decoder<State> =
    fun json ->
        decode {
            let! version = field "version" Decode.int32 json
            do! readable version
            let! policy = field "policy" text json
            let! at = field "at" instant json
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
        let now = max saved.At (max Limits.Earliest (min Limits.Latest at))
        let stage = landed saved.Stage

        { saved with
            At = now
            Next = now
            Revision = saved.Revision + 1L
            Stage = stage
            Since = (if stage = saved.Stage then saved.Since else now)
            Standing = State.standing now now (saved.Revision + 1L) (Stage.phase stage) [] None
            Heard = now
            ActivityAt = now
            FactsAt = now
            QuietSince = now
            // The next run may well carry it out.
            ResizeBackoff = Backoff.forgetWithheld saved.ResizeBackoff
            SuspendBackoff = Backoff.forgetWithheld saved.SuspendBackoff })

type private SavedSeries = { Metric: string; Lost: int64<ms>; Samples: (int64<ms> * int64) list }

let private withSeries (found: SavedSeries list) (state: State) : State =
    let filled index series =
        let slot = state.Plan.Slots[index]

        match found |> List.tryFind (fun saved -> saved.Metric = slot.Metric.Name) with
        | Some saved -> saved.Samples |> List.fold (fun series (at, value) -> Series.append slot.Widest at value series) series |> Series.losing saved.Lost
        | None -> series

    { state with Series = Array.mapi filled state.Series }

let private readSeries: Decoder<SavedSeries> =
    fun json ->
        decode {
            let! metric = field "metric" text json
            let! lost = fieldOr "lost" Limits.Long Decode.ms json
            let! samples = field "samples" (list (pair Decode.ms Decode.integer)) json

            if samples |> List.pairwise |> List.forall (fun ((a, _), (b, _)) -> a <= b) then
                return { Metric = metric; Lost = lost; Samples = samples }
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
            // An older version waited longer where nothing could change.
            let next = min next (state.At + Limits.Horizon)

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
                    Standing = State.standing state.At next state.Revision (State.phase state) blocked refuse }
        }
