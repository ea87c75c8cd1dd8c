namespace Serverless.Rules

open System.Collections.Generic
open System.Text
open Serverless.Core

/// Something that a scenario, or a property of its policy, expects and that did not come.
[<Sealed>]
type Failure internal (at: int64<ms>, expected: string, came: string, origin: Origin) =
    /// Milliseconds since the start of the scenario: the first difference.
    member _.AtMs: int64 = int64 at
    member internal _.At = at
    member _.Expected: string = expected
    member _.Came: string = came
    member _.File: string = origin.File
    member _.Line: int = origin.Line

/// A scenario that was run, with what happened and what did not.
[<Sealed>]
type ScenarioRun internal (policy: string, scenario: Scenario, course: Course, failures: Failure list) =
    let span (value: int64<ms>) = Quantity.show Duration (int64 value)
    let failures = failures |> List.sortBy _.AtMs |> Array.ofList

    /// Lines around the first difference: enough to see how it came to it.
    let before, after = 14, 6

    let line width (struct (at, _, mark, words): struct (int64<ms> * int * string * string)) = $"    {mark}{(span at).PadLeft width}  {words}\n"
    let widest lines = lines |> Array.map (fun (struct (at, _, _, _)) -> (span at).Length) |> Array.fold max 0

    let all =
        [ for note in course.Notes do
              struct (note.At, 0, (if note.IsGiven then "  " else "> "), note.Words)
          for failure in failures do
              struct (failure.At, 1, "! ", $"expected {failure.Expected}; came: {failure.Came}") ]
        // Stable: what happened in one instant stays in its order.
        |> List.sortBy (fun (struct (at, order, _, _)) -> at, order)
        |> Array.ofList

    let around () =
        let first = all |> Array.findIndex (fun (struct (_, order, _, _)) -> order = 1)
        let from, until = max 0 (first - before), min all.Length (first + after + 1)
        let lines = all[from .. until - 1]
        let out = StringBuilder()

        if from > 0 then
            out.Append($"    {from} earlier lines\n") |> ignore

        for one in lines do
            out.Append(line (widest lines) one) |> ignore

        if until < all.Length then
            out.Append($"    {all.Length - until} later lines\n") |> ignore

        out.ToString()

    member _.Policy: string = policy
    member _.Title: string = scenario.Title
    member _.File: string = scenario.Origin.File
    member _.Line: int = scenario.Origin.Line
    member _.Passed: bool = failures.Length = 0
    /// The first difference first.
    member _.Failures: IReadOnlyList<Failure> = failures
    member _.Course: Course = course

    /// What was expected and what came, and a timeline around the first difference: what was given, what was decided (`>`), what is wrong (`!`).
    member _.Render() : string =
        let out = StringBuilder()

        for failure in failures do
            out.Append($"  {failure.File}:{failure.Line}: expected {failure.Expected}\n") |> ignore
            out.Append($"    came: {failure.Came}\n") |> ignore

        if failures.Length > 0 then
            out.Append(around ()) |> ignore

        out.ToString()

    /// All that happened, a line each.
    member _.Timeline() : string = all |> Array.map (line (widest all)) |> String.concat ""

/// Runs scenarios in virtual time.
[<AbstractClass; Sealed>]
type ScenarioRunner =
    /// Plays the scenario, and holds what it expects and the properties of the policy against what came. A pure function.
    static member Run(suite: Suite, scenario: Scenario) : ScenarioRun =
        let properties = List.ofSeq suite.Properties

        let ofExpectation (expectation: Expectation) =
            match expectation.Expected with
            | Holding condition -> [ condition ]
            | _ -> []

        // The place of the first condition of each among all that are watched.
        let placed (conditions: 'a -> Condition list) (from: int) (all: 'a list) =
            all |> List.mapFold (fun place one -> (place, one), place + (conditions one).Length) from

        let properties, next = properties |> placed Breaches.conditions 0
        let expectations, _ = scenario.Expectations |> placed ofExpectation next
        let watched = (properties |> List.collect (snd >> Breaches.conditions)) @ (expectations |> List.collect (snd >> ofExpectation))
        let course = Player.play suite.Watched watched scenario

        let failures =
            [ for place, expectation in expectations do
                  let truths = if (ofExpectation expectation).IsEmpty then [||] else course.Truths[place]

                  match Expectations.miss course truths expectation with
                  | Some miss -> Failure(miss.At, expectation.Text.Substring("expect ".Length), miss.Came, expectation.Origin)
                  | None -> ()
              for place, property in properties do
                  let applies = not (Scenario.setsClock scenario && Breaches.isOfTimes property)

                  match (if applies then Breaches.broken place course property else None) with
                  | Some breach -> Failure(breach.At, $"property {property.Name}", breach.Words, property.Origin)
                  | None -> ()
              if course.IsCut then
                  Failure(course.Length, "a policy that comes to rest", "it asked to be looked at too often, and the scenario was cut short", scenario.Origin) ]

        ScenarioRun(suite.Policy.Name, scenario, course, failures)

    /// Plays the policy under loads that do not change, and holds its properties against what comes.
    static member RunSteady(suite: Suite) : SteadyRun = SteadyRun.Of suite

    /// All scenarios of a suite, in the order of the files.
    static member RunAll(suite: Suite) : IReadOnlyList<ScenarioRun> =
        suite.Scenarios |> Seq.map (fun scenario -> ScenarioRunner.Run(suite, scenario)) |> Array.ofSeq :> IReadOnlyList<ScenarioRun>
