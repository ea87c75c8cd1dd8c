/// When schedules begin and end in a scenario.
module internal Serverless.Rules.ScheduleEdges

open Serverless.Core

/// Milliseconds since the start, in order; each is one of what the policy would see without a rule.
let during (policy: Policy) (scenario: Scenario) : int64<ms>[] =
    if policy.Schedules.IsEmpty then
        [||]
    else
        let bare = { policy with Rules = []; Forbids = []; Bounds = policy.Bounds |> List.filter _.During.IsNone; Metrics = [] }
        let course = Player.play bare (policy.Schedules |> List.map (fun schedule -> During schedule.Name)) scenario
        course.Truths |> Array.collect (fun truths -> truths |> Array.skip 1 |> Array.map _.At) |> Array.sort
