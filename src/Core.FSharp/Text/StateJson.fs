/// The state as versioned JSON in two forms. The restart form has what outlives the process: phase, revision, timers, back-off, size,
/// spending; windows are left out and start as Unknown, and an effect that was in flight is forgotten. The full form has everything,
/// so that a log that begins with it replays to the same bytes.
module internal Serverless.Core.StateJson

/// 2: a series tells what it gave up for the bound on its samples.
[<Literal>]
let Version = 2

/// The oldest that is still read.
[<Literal>]
let OldestVersion = 1

let private backoff (backoff: Backoff) : Json =
    Json.Object [ "failures", InputJson.int backoff.Failures; "notBefore", InputJson.ms backoff.NotBefore; "reason", Json.Text backoff.Reason ]

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

let private spending (spending: Spending) : Json =
    Json.Object
        [ "at", InputJson.ms spending.At
          "day", InputJson.int spending.Day
          "dayUsed", Json.Int spending.DayUsed
          "monthUsed", Json.Int spending.MonthUsed ]

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
                    "lost", InputJson.ms state.Series[index].Lost
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
            "blocked", Json.List(List.map DecisionJson.blocked state.Standing.Blocked)
            "refuseHeld", DecisionJson.refuse state.Standing.RefuseHeld ]
    )
