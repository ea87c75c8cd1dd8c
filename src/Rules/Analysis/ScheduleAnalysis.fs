/// Schedules that never hold, and bounds that are at odds where two of them do.
module internal Serverless.Rules.Analysis.ScheduleAnalysis

open Serverless.Core
open Serverless.Rules

let private bounds (context: Context) (timeline: Timeline.Timeline) =
    let scheduled = context.Policy.Bounds |> List.choose (fun bounds -> bounds.During |> Option.map (fun name -> name, bounds))

    for first, lower in scheduled do
        for second, upper in scheduled do
            let both = Timeline.bit timeline first ||| Timeline.bit timeline second
            let together = timeline.Combinations |> Array.exists (fun holding -> holding &&& both = both)

            if first <> second && together && lower.Min > upper.Max then
                let place = context.Place("size " + first)
                context.Report(place, place.Whole, BoundsAtOdds(first, second, int64 lower.Min, int64 upper.Max))

let check (context: Context) : unit =
    match context.Timeline with
    | None -> context.Skip("schedule", "has too many declarations, or too many dates")
    | Some timeline ->
        for schedule in context.Policy.Schedules do
            let bit = Timeline.bit timeline schedule.Name

            if not (timeline.Combinations |> Array.exists (fun holding -> holding &&& bit <> 0UL)) then
                let place = context.Place("schedule " + schedule.Name)
                context.Report(place, place.Whole, NeverInside schedule.Name)

        bounds context timeline
