namespace Serverless.Rules

open System.Collections.Generic
open Serverless.Core

/// A property that did not hold under a load that does not change.
[<Sealed>]
type SteadyFailure internal (breach: Breach, work: Work, from: int64<mcu>) =
    member _.Property: string = breach.Property.Name
    member _.File: string = breach.Property.Origin.File
    member _.Line: int = breach.Property.Origin.Line
    /// Milliseconds since the start.
    member _.AtMs: int64 = int64 breach.At
    /// The load and the size it began at.
    member _.Under: string =
        let resident = Quantity.show Bytes (int64 work.Resident / (1L <<< 20) * (1L <<< 20))
        $"a load of {Quantity.show Cpu (int64 work.Cpu)} with {resident} resident, from {Quantity.show Size (int64 from)}"

    member _.Came: string = $"at {Quantity.show Duration (int64 breach.At)}: {breach.Words}"

/// The properties of a policy under loads that do not change: from none to more than its largest size has, each from its smallest and its largest size.
[<Sealed>]
type SteadyRun private (suite: Suite, count: int, failures: SteadyFailure list) =
    /// A Monday at noon.
    static let at = 1_772_452_800_000L<ms>

    /// Percent of the processors of the largest size.
    static let loads = [ 0L; 3L; 8L; 20L; 45L; 75L; 110L ]
    static let hour = 3_600_000L<ms>

    static let works (policy: Policy) : Work list =
        let most = policy.Bounds |> List.map _.Max |> List.max
        let least = policy.Bounds |> List.map _.Min |> List.min
        let cpu = int64 (ComputeUnit.cpu most policy.Unit)
        // What the smallest size has beside its buffer pool, half used; and most of what the largest one has.
        let beside size = int64 (ComputeUnit.memory size policy.Unit) * (100L - Work.poolShare) / 100L
        let work resident load : Work = { Cpu = cpu * load / 100L * 1L<mcpu>; Resident = resident * 1L<bytes> }
        List.map (work (beside least / 2L)) loads @ List.map (work (beside most * 6L / 10L)) [ 5L; 60L ]

    /// Behind which nothing in the policy remembers what was before: twice the longest times in it, one after the other. None where spending
    /// goes on to change things by itself.
    static let calm (policy: Policy) : int64<ms> voption =
        let ofRule (rule: Rule) =
            Conditions.times rule.When
            @ (rule.Until |> Option.map Conditions.times |> Option.defaultValue [])
            @ (match rule.Action with Track(_, width, _) -> [ width ] | _ -> [])

        let longest = (List.collect ofRule policy.Rules) @ (policy.Forbids |> List.collect (fun forbid -> Conditions.times forbid.When)) |> List.fold max 60_000L<ms>
        let cooldown = max policy.Cooldown.Suspend (max policy.Cooldown.Up policy.Cooldown.Down)
        let reads = (policy.Rules |> List.collect (fun rule -> Conditions.metrics rule.When)) @ (policy.Forbids |> List.collect (fun forbid -> Conditions.metrics forbid.When))

        if not (reads |> List.exists (fun name -> name = "spent.day" || name = "spent.month")) then
            ValueSome(2L * (longest + cooldown))
        else
            ValueNone

    member _.Policy: string = suite.Policy.Name
    /// Runs that were made: none where there is no property.
    member _.Count: int = count
    member _.Passed: bool = failures.IsEmpty
    /// The first of each property.
    member _.Failures: IReadOnlyList<SteadyFailure> = Array.ofList failures

    static member internal Of(suite: Suite) : SteadyRun =
        let policy = suite.Watched
        let properties = List.ofSeq suite.Properties
        let settles = properties |> List.choose (fun property -> match property.Claim with SettlesWithin within -> Some within | _ -> None)
        let longest = List.fold max hour settles
        let length = min (48L * hour) (2L * longest)
        let placed, _ = (0, properties) ||> List.mapFold (fun place property -> (place, property), place + (Breaches.conditions property).Length)
        let watched = properties |> List.collect Breaches.conditions
        let sizes = policy.Bounds |> List.filter _.During.IsNone |> List.collect (fun bounds -> [ bounds.Min; bounds.Max ]) |> List.distinct

        let runs =
            if properties.IsEmpty then
                []
            else
                [ for work in works policy do
                      for from in sizes do
                          work, from ]

        let edges =
            match runs with
            | (work, from) :: _ -> ScheduleEdges.during policy (ClosedLoop.scenario work from at length)
            | [] -> [||]

        let calm = if Array.isEmpty edges then calm policy else ValueNone

        let failures =
            [ for work, from in runs do
                  let course = Player.playUntil calm policy watched (ClosedLoop.scenario work from at length)

                  for place, property in placed do
                      let breach =
                          match property.Claim with
                          | SettlesWithin within ->
                              Breaches.unsettled within edges course
                              |> Option.map (fun at -> { Property = property; At = at; Words = "it still changes" })
                          | _ -> Breaches.broken place course property

                      match breach with
                      | Some breach -> SteadyFailure(breach, work, from)
                      | None -> () ]

        SteadyRun(suite, runs.Length, failures |> List.distinctBy _.Property)
