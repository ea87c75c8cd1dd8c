namespace Serverless.Rules

open Serverless.Core

/// What a policy pays attention to, and so what a load has to play with: its thresholds, its times, and the edges of its schedules.
type internal Interests =
    { Policy: Policy
      /// The metric of this name.
      Find: string -> Metric option
      /// What metrics are compared with, in the rules and in the properties.
      Thresholds: Map<string, int64 list>
      /// Windows, `for`, cooldowns, and what `idle` and `compute.age` are compared with; shortest first.
      Times: int64<ms> list
      /// The sizes at the edges of its bounds, and one between.
      Sizes: int64<mcu> list
      /// Instants at which a schedule begins or ends, or local time leaps.
      Edges: int64<ms> list }

module internal Interests =
    let private second = 1_000L<ms>
    let private minute = 60_000L<ms>
    let private hour = 3_600_000L<ms>
    let private day = 86_400_000L<ms>

    /// Monday, 2026-03-02: the days from which instants are taken begin here, and there are so many of them.
    let private firstDay = 20_514L
    let private days = 92L

    let private ofClaim (claim: Claim) : int64<ms> list =
        match claim with
        | AtMost(_, _, per) -> [ per ]
        | LeadsTo(_, _, _, within, _) -> [ within ]
        | NeverWhen _
        | AlwaysHolds _
        | SettlesWithin _ -> []

    /// UTC of a local time; where it does not exist or comes twice, one that is near.
    let private utc (zone: Zone) (local: int64<ms>) : int64<ms> =
        local - Zones.offsetAt zone (local - Zones.offsetAt zone local)

    let private edges (policy: Policy) : int64<ms> list =
        let leaps =
            policy.Zone.Transitions
            |> List.map _.From
            |> List.filter (fun at -> at >= firstDay * day && at < (firstDay + 2L * 366L) * day)
            |> List.truncate 4

        let ofRange (range: ScheduleRange) =
            let onDay number minutes = utc policy.Zone (number * day + int64 minutes * minute)

            let has number =
                match range.Days with
                | Weekdays mask -> mask &&& (1 <<< int ((number - firstDay) % 7L)) <> 0
                | Dates(first, last) -> number >= int64 first && number <= int64 last

            let soon = seq { firstDay .. firstDay + days } |> Seq.filter has |> Seq.truncate 3 |> List.ofSeq
            // The days on which local time leaps, and those before them.
            let leaping = leaps |> List.collect (fun at -> [ at / day - 1L; at / day ]) |> List.filter has

            let dated =
                match range.Days with
                | Dates(first, _) when soon.IsEmpty -> [ int64 first ]
                | _ -> []

            [ for number in soon @ leaping @ dated do
                  onDay number range.From
                  onDay number range.To ]

        let schedules = policy.Schedules |> List.collect (fun schedule -> schedule.Include @ schedule.Exclude |> List.collect ofRange)
        (schedules @ (if schedules.IsEmpty then [] else leaps)) |> List.distinct |> List.sort

    let ofSuite (policy: Policy) (properties: Property list) : Interests =
        let ofRule (rule: Rule) = rule.When :: Option.toList rule.Until
        let conditions = (policy.Rules |> List.collect ofRule) @ (policy.Forbids |> List.map _.When) @ (properties |> List.collect Breaches.conditions)

        let breaking (action: RuleAction) =
            match action with
            | Suspend breaking -> Option.toList breaking.Transactions @ Option.toList breaking.PinnedSessions
            | Track(_, width, _) -> [ width ]
            | _ -> []

        let cooldowns = [ policy.Cooldown.Up; policy.Cooldown.Down; policy.Cooldown.Suspend ]

        let times =
            (conditions |> List.collect Conditions.times)
            @ (properties |> List.collect (fun property -> ofClaim property.Claim))
            @ (policy.Rules |> List.collect (fun rule -> breaking rule.Action))
            @ cooldowns
            |> List.filter (fun time -> time > 0L<ms> && time <= 7L * day)

        let least, most = policy.Bounds |> List.map _.Min |> List.min, policy.Bounds |> List.map _.Max |> List.max
        let between = least + (most - least) / policy.Step / 2L * policy.Step
        let edge = policy.Bounds |> List.collect (fun bounds -> [ bounds.Min; bounds.Max ])

        let tracked =
            policy.Rules |> List.choose (fun rule -> match rule.Action with Track(metric, _, target) -> Some(metric, target) | _ -> None)

        { Policy = policy
          Find = fun name -> policy.Metrics |> List.tryFind (fun metric -> metric.Name = name)
          Thresholds =
            (conditions |> List.collect Conditions.thresholds) @ tracked
            |> List.groupBy fst
            |> List.map (fun (name, all) -> name, all |> List.map snd |> List.distinct |> List.sort)
            |> Map.ofList
          Times = minute :: 5L * second :: times |> List.distinct |> List.sort
          Sizes = between :: edge |> List.distinct |> List.sort
          Edges = edges policy }

    let longest (interests: Interests) : int64<ms> = List.last interests.Times
