/// "It can never hold" is said exactly where no values make it hold.
module Serverless.Tests.Property.Rules.Analysis.PossibleTests

open FsCheck
open FsCheck.FSharp
open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Rules.Analysis
open Serverless.Rules.Analysis.Possible
open Serverless.Tests.Property.Core.Policies

let private isLong = System.Environment.GetEnvironmentVariable "SERVERLESS_TEST_LONG" = "1"
let private times few many = if isLong then many else few

/// Three metrics of one's own, of any whole value or unknown.
let private find (name: string) : Metric option =
    Some
        { Name = name
          Type = Count
          Class = Sample
          PerSize = false
          Period = seconds 5
          Stale = seconds 20
          Source = Sql ""
          Help = "" }

let private search () = Search { Find = find; Timeline = None; Unmeasured = fun _ -> false }

let private name = Gen.elements [ "x"; "y" ]
let private comparison = Gen.elements [ Less; LessOrEqual; Greater; GreaterOrEqual; Equal; NotEqual ]

let private leaf =
    Gen.oneof
        [ Gen.map3 (fun name comparison value -> Compare(Metric name, comparison, Literal(Count, int64 value))) name comparison (Gen.choose (0, 4))
          Gen.map3 (fun a comparison b -> Compare(Metric a, comparison, Metric b)) name comparison name ]

let rec private conditionOf depth =
    if depth = 0 then leaf
    else
        let part = conditionOf (depth - 1)

        Gen.frequency
            [ 3, leaf
              1, Gen.map Not part
              2, Gen.map And (Gen.listOfLength 2 part)
              2, Gen.map Or (Gen.listOfLength 2 part) ]

/// Unknown where a value is missing: Kleene's logic, written out.
let rec private truth (value: string -> int64 option) (condition: Condition) : bool option =
    let read term = match term with Literal(_, value) -> Some value | Metric name -> value name | Over _ -> None

    match condition with
    | Compare(a, comparison, b) -> Option.map2 (Conditions.compare comparison) (read a) (read b)
    | Not part -> truth value part |> Option.map not
    | And parts ->
        let all = parts |> List.map (truth value)
        if List.contains (Some false) all then Some false
        elif List.contains None all then None
        else Some true
    | Or parts -> truth value (Not(And(List.map Not parts)))
    | _ -> None

let private values = None :: List.map Some [ -2L .. 7L ]

let private situations = [ for x in values do for y in values -> fun name -> if name = "x" then x else y ]

let private meets demand (found: bool option) =
    match demand with
    | IsTrue -> found = Some true
    | IsFalse -> found = Some false
    | NotTrue -> found <> Some true
    | NotFalse -> found <> Some false

let private goals =
    Gen.listOfLength 2 (Gen.zip (Gen.elements [ IsTrue; IsFalse; NotTrue; NotFalse ]) (conditionOf 2))

[<Test>]
let ``what can hold is exactly what some values make hold`` () =
    let property (goals: (Demand * Condition) list) =
        let exists = situations |> List.exists (fun value -> goals |> List.forall (fun (demand, condition) -> meets demand (truth value condition)))
        let found = (search ()).IsPossible(goals |> List.map (fun (demand, condition) -> struct (demand, condition)))
        if found <> exists then failwith $"said {found}, and it is {exists}: %A{goals}"
        true

    Check.One(Config.QuickThrowOnFailure.WithMaxTest(times 10_000 1_000_000), Prop.forAll (Arb.fromGen goals) property)

let private ranges =
    let days = Gen.frequency [ 3, Gen.map Weekdays (Gen.choose (1, 127)); 1, Gen.map2 (fun first more -> Dates(20_540 + first, 20_540 + first + more)) (Gen.choose (0, 20)) (Gen.choose (0, 12)) ]
    let minute = Gen.choose (0, 47) |> Gen.map (fun half -> half * 30)
    Gen.map3 (fun days from until -> { Days = days; From = from; To = until }) days minute minute

let private schedules =
    Gen.collectToList
        (fun n -> Gen.map2 (fun included excluded -> { Name = $"s{n}"; Include = included; Exclude = excluded }) (Gen.nonEmptyListOf ranges |> Gen.resize 3) (Gen.listOf ranges |> Gen.resize 2))
        [ 1..3 ]

[<Test>]
let ``schedules hold together exactly where they do at some local time`` () =
    let property (schedules: Schedule list) =
        let timeline = (Timeline.make schedules).Value

        let holding day minute =
            schedules
            |> List.indexed
            |> List.sumBy (fun (place, schedule) ->
                let isIn = List.exists (Stateless.within day minute)
                if isIn schedule.Include && not (isIn schedule.Exclude) then 1UL <<< place else 0UL)

        // The dates lie in these weeks, and there are some without any on both sides.
        let seen = set [ for day in 20_520 .. 20_600 do for half in 0..47 -> holding day (half * 30) ]
        if set timeline.Combinations <> seen then failwith $"%A{set timeline.Combinations} and not %A{seen}"
        true

    Check.One(Config.QuickThrowOnFailure.WithMaxTest(times 150 10_000), Prop.forAll (Arb.fromGen schedules) property)
