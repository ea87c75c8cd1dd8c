/// Draws lives of a database that a policy has to stand. The same policy, seed and case give the same life.
module internal Serverless.Rules.Attacking

open Serverless.Core
open Serverless.Rules.Lanes

/// 2026-03-02T12:00Z, a Monday: where nothing else is of interest.
let noon = 1_772_452_800_000L<ms>
let private longestLife = 16L * 24L * hour

/// From 1970 on, and to where every date can still be written.
let private writable (at: int64<ms>) = max 0L<ms> (min 7_000_000_000_000L<ms> at)

let private start (draw: Draw) (interests: Interests) : int64<ms> =
    if interests.Edges.IsEmpty || draw.Chance 15 then
        noon + hour * int64 (draw.Below(7 * 24))
    else
        let before = if draw.Chance 50 then draw.Pick [ 0L<ms>; minute; 5L * minute; hour; 3L * hour ] else time draw interests
        writable (draw.Pick interests.Edges - before) / second * second

let private begins (draw: Draw) (interests: Interests) : StartState =
    if draw.Chance 25 then
        StartsSuspended(if draw.Chance 50 then None else Some(draw.Pick interests.Sizes))
    else
        StartsRunning(draw.Pick interests.Sizes, (if draw.Chance 30 then Some(time draw interests) else None))

let private length (draw: Draw) (interests: Interests) : int64<ms> =
    let longest = Interests.longest interests

    let drawn =
        draw.Weighed
            [ 8, 2L * longest + 10L * minute
              4, 4L * longest + hour
              (if interests.Edges.IsEmpty then 1 else 3), 26L * hour
              2, 8L * hour ]

    min longestLife drawn

let private reads (interests: Interests) (name: string) = interests.Policy.Metrics |> List.exists (fun metric -> metric.Name = name)

/// Facts that scenarios give as they are, and that nothing else here gives.
let private givenFacts = [ "queries.rate"; "queries.latency"; "connections.open"; "connections.active" ]

let private lanes (draw: Draw) (interests: Interests) : Lane list =
    let isClosed = draw.Chance 60

    [ if isClosed then
          loadLane draw interests
          if draw.Chance 50 then residentLane draw interests false
      else
          if draw.Chance 85 then idleLane draw interests

          for metric in interests.Policy.Metrics do
              if (metric.Name = "cpu" || metric.Name = "memory") && draw.Chance 85 then metricLane draw interests metric

      for metric in interests.Policy.Metrics do
          let isOther = metric.Name <> "cpu" && metric.Name <> "memory"
          if metric.Class = Sample && isOther && draw.Chance 85 then metricLane draw interests metric
          if List.contains metric.Name givenFacts && draw.Chance 70 then metricLane draw interests metric

      if draw.Chance 15 then countLane draw interests "transactions.open"
      if draw.Chance 8 then countLane draw interests "connections.pinned"
      if draw.Chance 8 then countLane draw interests "queries.running"
      if draw.Chance 4 then countLane draw interests Given.peers ]

let private statement (draw: Draw) : ScenarioEvent =
    ScenarioEvent.Statements(draw.Weighed [ 5, 1; 1, 20 ], draw.Pick [ 100L<ms>; second; 2L * second; 30L * second; 10L * minute ])

let private events (draw: Draw) (interests: Interests) (length: int64<ms>) : struct (int64<ms> * ScenarioEvent) list =
    let anywhere () = min length (int64 (draw.Below(int (length / second))) * second)
    let soon () = min length (time draw interests + (if draw.Chance 50 then time draw interests else 0L<ms>))
    let some () = if draw.Chance 60 then soon () else anywhere ()

    [ if draw.Chance 45 then
          for _ in 0 .. draw.Below 4 do
              struct (some (), statement draw)
      if draw.Chance 15 then
          struct (0L<ms>, EffectsTake(ResumeEffect, draw.Pick [ 5L * second; 30L * second; 5L * minute ]))
      if draw.Chance 15 then
          struct (0L<ms>, EffectsTake(ResizeEffect, draw.Pick [ 10L * second; 2L * minute; 20L * minute ]))
      if draw.Chance 10 then
          struct (0L<ms>, EffectsTake(SuspendEffect, draw.Pick [ 10L * second; 2L * minute ]))
      if draw.Chance 10 then
          let kind, how =
              draw.Pick
                  [ ResumeEffect, EffectEnd.Failure
                    ResizeEffect, EffectEnd.Failure
                    ResizeEffect, Deferral
                    ResizeEffect, Infeasibility
                    SuspendEffect, EffectEnd.Failure
                    SuspendEffect, Refusal ]

          let from = some ()
          struct (from, EffectsEnd(kind, how))
          if draw.Chance 80 then struct (min length (from + time draw interests), EffectsEnd(kind, Success))
      if draw.Chance 4 then struct (some (), ComputeCrashes)
      if draw.Chance 6 then
          let by = draw.Pick [ second; 30L * second; 5L * minute; hour; 25L * hour ]
          struct (some (), ClockJumps(if draw.Chance 50 then by else -by)) ]

/// What was spent before: near to what it is compared with.
let private spent (draw: Draw) (interests: Interests) (name: string) : int64 =
    match interests.Thresholds |> Map.tryFind name with
    | Some thresholds when draw.Chance 75 -> max 0L (draw.Pick thresholds - int64 (draw.Pick [ -100; 0; 100; 1_000; 3_000 ]))
    | _ -> 0L

/// A life in which much happens.
let story (draw: Draw) (interests: Interests) : Attack =
    let length = length draw interests

    Attack.trimmed
        { Start = start draw interests
          Begins = begins draw interests
          SpentDay = spent draw interests "spent.day"
          SpentMonth = spent draw interests "spent.month"
          Lanes = lanes draw interests
          Events = events draw interests length
          Length = length }

/// A load that never changes.
let steady (draw: Draw) (interests: Interests) (length: int64<ms>) : Attack =
    { Start = start draw interests
      Begins = StartsRunning(draw.Pick interests.Sizes, None)
      SpentDay = 0L
      SpentMonth = 0L
      Lanes = [ steadyLoad draw interests; residentLane draw interests true ]
      Events = []
      Length = length }

/// The same life with something more at a moment that is bad for what the policy did in it: just before, in, or just after an action. None where
/// it did nothing.
let worse (draw: Draw) (attack: Attack) (course: Course) : Attack option =
    if course.Actions.Length = 0 then
        None
    else
        let action = course.Actions[draw.Below course.Actions.Length]
        let away = draw.Pick [ -1_000L<ms>; -100L<ms>; 0L<ms>; 100L<ms>; 900L<ms>; 1_500L<ms>; 2_000L<ms>; 2_500L<ms>; minute ]
        let at = max 0L<ms> (min attack.Length (action.At + away))
        let flags = attack.Lanes |> List.filter (fun lane -> lane.Type = Flag)

        if not flags.IsEmpty && draw.Chance 50 then
            // It becomes set, or not, just then.
            let chosen = draw.Pick flags
            let before = int64 (draw.Below 2)
            let part length value = { Length = length; First = value; Last = value; IsMissing = false }
            let parts = [ if at > 0L<ms> then part at before
                          part (5L * minute) (1L - before)
                          part hour before ]

            Some { attack with Lanes = attack.Lanes |> List.map (fun lane -> if lane = chosen then { lane with Parts = parts } else lane) }
        else
            Some(Attack.trimmed { attack with Events = struct (at, statement draw) :: attack.Events })
