namespace Serverless.Rules

open System
open System.Collections.Generic
open Serverless.Core

/// A life that was drawn for a policy, and what the policy did in it: for checks of a team's own.
[<Sealed>]
type DrawnLife internal (suite: Suite, case: int64, attack: Attack, course: Course) =
    /// Of the seed: the same is drawn again by both.
    member _.Case: int64 = case
    /// Somebody sets the gateway's clock in it: what a check says of times means nothing then.
    member _.SetsClock: bool = Scenario.setsClock (Attack.scenario attack)
    /// Times in it are milliseconds since its start.
    member _.LengthMs: int64 = int64 course.Length
    /// What the policy began, in the order of time.
    member _.Actions: IReadOnlyList<Begun> = course.Actions
    /// Phases and sizes, each from its instant on. The first is from the start.
    member _.Standings: IReadOnlyList<Standing> = course.Standings

    /// A scenario block of this title, which `rules test` plays alike; it expects nothing.
    member _.Scenario(title: string) : string =
        let plain = title.Replace('"', '\'').ReplaceLineEndings " "
        ScenarioText.write suite.Policy.Zone plain attack attack.Length $"true at {Quantity.show Duration (int64 attack.Length)}"

    /// What happened, a line each.
    member _.Timeline() : string = ScenarioRunner.Run(suite, Attack.scenario attack).Timeline()

    member internal _.Attack = attack

/// Draws lives as `rules prove` does, for other checks than its own.
[<AbstractClass; Sealed>]
type internal DrawnLives =
    static member private Draw (suite: Suite) (court: Court) (interests: Interests) (seed: uint64) (case: int64) : DrawnLife list =
        let play (attack: Attack) = DrawnLife(suite, case, attack, Player.play court.Policy [] (Attack.scenario attack))
        let draw = Draw(seed, case)
        let story = Attacking.story draw interests
        let course = Player.play court.Policy [] (Attack.scenario story)
        DrawnLife(suite, case, story, course) :: (Attacking.worse draw story course |> Option.toList |> List.map play)

    static member private Ready(suite: Suite) =
        let court = Court suite
        struct (court, Interests.ofSuite court.Policy (List.ofSeq suite.Properties))

    /// The life of a case, and where there is a bad moment the same with something more at it.
    static member Of(suite: Suite, seed: uint64, case: int64) : IReadOnlyList<DrawnLife> =
        let struct (court, interests) = DrawnLives.Ready suite
        DrawnLives.Draw suite court interests seed case |> Array.ofList :> IReadOnlyList<DrawnLife>

    /// The first life that the check finds something wrong with, made as small as it can be while it still does; null: there is none.
    static member FirstBroken(suite: Suite, seed: uint64, cases: int64, check: Func<DrawnLife, string | null>) : CounterExample | null =
        let struct (court, interests) = DrawnLives.Ready suite

        let wrong (life: DrawnLife) : Fault option =
            match check.Invoke life with
            | null -> None
            | words -> Some { At = life.LengthMs * 1L<ms>; Decided = life.LengthMs * 1L<ms>; Words = words }

        let broken =
            Seq.init (int (max 0L (min cases (int64 Int32.MaxValue)))) (fun case -> DrawnLives.Draw suite court interests seed (int64 case))
            |> Seq.collect id
            |> Seq.tryPick (fun life -> wrong life |> Option.map (fun fault -> struct (life, fault)))

        match broken with
        | None -> null
        | Some(struct (life, fault)) ->
            let again (scenario: Scenario) (attack: Attack) = DrawnLife(suite, life.Case, attack, Player.play court.Policy [] scenario)
            let struct (smallest, fault) = Shrinking.smallestOf court.Policy (fun attack -> wrong (again (Attack.scenario attack) attack)) (fun () -> false) life.Attack fault
            let small = again (Attack.scenario smallest) smallest
            CounterExample(life.Case, small.Scenario "found by a check", int64 fault.At, fault.Words, small.Timeline())
