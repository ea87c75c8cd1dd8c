namespace Serverless.Rules

open Serverless.Core

/// A life that was played.
type internal Trial =
    { Attack: Attack
      Course: Course
      /// By subject: where it is broken.
      Broken: Fault option[]
      /// By subject: it was put to the test.
      Tested: bool[]
      /// By rule: actions that it determined.
      Decided: int64[]
      /// By rule: what its condition was at some time; by its values.
      Seen: struct (bool * bool * bool)[] }

/// A policy made ready to be tried: everything that is watched has its place.
[<Sealed>]
type internal Court(suite: Suite) =
    let subjects = Subject.all suite |> Array.ofList
    let rules = suite.Policy.Rules |> Array.ofList

    let policy =
        let watched = suite.Watched
        let known = watched.Metrics |> List.map _.Name |> set
        let facts = Catalogue.metrics |> List.filter (fun metric -> metric.Class = Fact && not (known.Contains metric.Name))
        { watched with Metrics = watched.Metrics @ facts }

    // A `for` of a rule that is watched once more has a timer of its own.
    let firstTimer = 1_000_000
    let ofRules, _ = rules |> Array.mapFold (fun next rule -> Conditions.number next rule.When) firstTimer
    let places, ruleAt = subjects |> Array.mapFold (fun place subject -> place, place + subject.Conditions.Length) 0
    let conditions = (subjects |> Array.collect (fun subject -> Array.ofList subject.Conditions) |> List.ofArray) @ List.ofArray ofRules

    let truthsOf index (course: Course) = course.Truths[places[index] .. places[index] + subjects[index].Conditions.Length - 1]

    let actionsOf index (course: Course) =
        { course with
            Actions =
                course.Actions
                |> Array.map (fun action -> { action with Truths = action.Truths[places[index] .. places[index] + subjects[index].Conditions.Length - 1] }) }

    let judge index (life: Scenario) (course: Course) =
        let subject = subjects[index]
        if subject.Applies life then subject.Judge policy life (actionsOf index course) (truthsOf index course) else None

    /// Where a rule has the name of a built-in reason, what it saw tells them apart, save for what a resume makes it forget.
    let decided index (course: Course) =
        let rule = rules[index]
        let name = rule.Name

        let isItself (action: Begun) =
            not (List.contains name Expectation.builtIn)
            || action.Truths[ruleAt + index] = ValueSome true
            || (action.Kind = ResumeAction && not (Conditions.times rule.When).IsEmpty)

        course.Actions |> Array.sumBy (fun action -> if List.contains name action.By && isItself action then 1L else 0L)

    let seen (truths: Truth[]) =
        let has value = truths |> Array.exists (fun truth -> truth.Value = value)
        struct (has (ValueSome true), has (ValueSome false), has ValueNone)

    member _.Policy = policy
    member _.Subjects = subjects
    member _.Rules = rules

    member _.Try(attack: Attack) : Trial =
        let life = Attack.scenario attack
        let course = Player.play policy conditions life

        { Attack = attack
          Course = course
          Broken = subjects |> Array.mapi (fun index _ -> judge index life course)
          Tested = subjects |> Array.mapi (fun index subject -> subject.Applies life && subject.IsTested course (truthsOf index course))
          Decided = rules |> Array.mapi (fun index _ -> decided index course)
          Seen = rules |> Array.mapi (fun index _ -> seen course.Truths[ruleAt + index]) }

    /// Where a life breaks one subject, if it does.
    member _.Breaks(index: int, life: Scenario) : Fault option =
        Player.play policy conditions life |> judge index life
