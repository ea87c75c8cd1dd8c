/// Generated declarations as the parser would give them: everything that the grammar allows, sense or not. Places are all zero.
module Serverless.Tests.Property.Rules.Syntaxes

open FsCheck
open FsCheck.FSharp
open Serverless.Core
open Serverless.Rules

let private nowhere: Span = { Start = 0; End = 0 }
let private at value : Located<'a> = { Value = value; At = nowhere }
let private located gen = Gen.map at gen
let private pick (values: 'a list) = Gen.elements values
let private few gen = Gen.choose (1, 3) |> Gen.bind (fun count -> Gen.listOfLength count gen)
let private orNone gen = Gen.frequency [ 1, Gen.constant None; 2, Gen.map Some gen ]

let private words = [ "idle"; "cpu"; "memory"; "size"; "office"; "busy"; "queries.running"; "nightly-batch"; "x"; "_1"; "at"; "to"; "cu"; "suspend"; "running"; "last"; "per" ]

/// Where only a name can stand, words of the language are names.
let private anyName = pick (words @ [ "when"; "rule"; "for"; "except"; "zone" ]) |> located
let private freeName = pick words
let private numbers = [ "5m"; "75%"; "80"; "0.5cu"; "2.50cu"; "0012"; "1h30m"; "1h00m"; "500m cpu"; "2 cpu"; "2GiB"; "3/s"; "12.340%"; "0.0001%"; "5q"; "99999999999999999999" ]
let private number = pick numbers |> Gen.map Number
let private tuned = Gen.map2 (fun value range -> Tuned(value, range)) (located number) (orNone (Gen.two (located number)))
let private value: Gen<Expr> = Gen.frequency [ 4, number; 1, tuned; 4, Gen.map Named freeName ] |> located
let private text = pick [ ""; "UTC"; "SELECT COUNT(*) > 0 FROM ops.backups WHERE running"; "say \"it\" # no comment"; "a\\d+"; "{ 数 }"; String.replicate 30 "long " ] |> located
let private comparison = pick [ Compares Less; Compares LessOrEqual; Compares Greater; Compares GreaterOrEqual; Compares Equal; Compares NotEqual; SingleEquals ] |> located
let private running = pick [ OnRunning; OnSuspended ]

let rec private expression depth : Gen<Expr> =
    let leaf = Gen.oneof [ number; tuned; Gen.map Named freeName; Gen.map ExprNode.Truth (pick [ true; false ]); Gen.map Inside anyName ]

    if depth = 0 then
        located leaf
    else
        let part = expression (depth - 1)
        let several = Gen.choose (2, 4) |> Gen.bind (fun count -> Gen.listOfLength count part)

        Gen.frequency
            [ 2, leaf
              2, Gen.map2 (fun name inner -> Call(at name, inner)) freeName (Gen.choose (0, 3) |> Gen.bind (fun count -> Gen.listOfLength count part))
              3, Gen.map3 (fun left operator right -> Comparing(left, operator, right)) part comparison part
              2, Gen.map AndAll several
              2, Gen.map OrAny several
              1, Gen.map Negation part
              2, Gen.map2 (fun inner width -> HeldFor(inner, width)) part value ]
        |> located

let private condition: Gen<Expr> = Gen.choose (0, 3) |> Gen.bind expression

let private tracked: Gen<Expr> =
    Gen.oneof [ Gen.map Named freeName; Gen.map2 (fun name inner -> Call(at name, inner)) freeName (few (expression 1)) ] |> located

let private kind =
    pick [ [ SuspendAction ]; [ ResumeAction ]; [ ResizeUpAction ]; [ ResizeDownAction ]; [ ResizeUpAction; ResizeDownAction ] ]

/// `resize` alone is two kinds in one place.
let private kinds: Gen<Located<ActionKind> list> = few kind |> Gen.map (List.concat >> List.map at)

let private action: Gen<ActionNode> =
    let broken = Gen.map2 (fun what idle -> at what, idle) (pick [ Transactions; PinnedSessions ]) value

    Gen.oneof
        [ Gen.choose (0, 2) |> Gen.bind (fun count -> Gen.listOfLength count broken) |> Gen.map SuspendNode
          Gen.map ResumeNode (orNone value)
          Gen.map2 (fun up by -> ResizeByNode(up, by)) (pick [ true; false ]) value
          Gen.map ResizeToNode value
          Gen.map2 (fun metric target -> TrackNode(metric, target)) tracked value ]

let private clause =
    Gen.oneof
        [ Gen.map When condition
          Gen.map Until condition
          Gen.map (at >> Do) action
          Gen.map Priority (pick [ "0"; "10"; "-5"; "007"; "5m" ]) ]
    |> located

let private scheduleItem =
    let days =
        Gen.oneof
            [ Gen.map2 (fun first last -> Weekday(first, last)) (Gen.choose (0, 6)) (Gen.choose (0, 6))
              Gen.map2 (fun first last -> DateRange(first, last)) (pick [ "2026-12-24"; "2027-1-1" ]) (pick [ "2026-12-24"; "2027-02-31" ])
              Gen.constant Daily ]
        |> located

    let times = pick [ "08:00", "19:00"; "22:00", "06:00"; "8:00", "24:00" ] |> located

    Gen.oneof
        [ Gen.map (fun days -> { Days = Some days; Times = None; Span = nowhere }) days
          Gen.map (fun times -> { Days = None; Times = Some times; Span = nowhere }) times
          Gen.map2 (fun days times -> { Days = Some days; Times = Some times; Span = nowhere }) days times ]

let private oneKind = kind |> located

let private claim =
    Gen.oneof
        [ Gen.map3 (fun count kinds per -> AtMostOf(count, kinds, per)) (pick [ "8"; "5m" ] |> located) oneKind value
          Gen.map2 (fun kinds given -> NeverOf(kinds, given)) kinds (orNone condition)
          Gen.map2 (fun holds given -> AlwaysOf(holds, given)) condition (orNone condition)
          gen {
              let! cause = condition
              let! isFirst = pick [ true; false ]
              let! effect = oneKind
              let! within = value
              let! during = orNone (located running)
              return LeadsToOf(cause, isFirst, effect, within, during)
          }
          Gen.map SettlesOf value ]

let private level = Gen.oneof [ value; Gen.map ExprNode.Truth (pick [ true; false ]) |> located ]

let rec private segment depth =
    Gen.frequency
        [ 3, Gen.map2 (fun level length -> Level(level, length)) level (orNone value)
          2, Gen.map3 (fun first last length -> Ramp(first, last, length)) level level value
          1, Gen.map SegmentNode.Gap (orNone value)
          1, Gen.map Rising (orNone value)
          if depth > 0 then
              1, Gen.map2 (fun inner times -> Repeated(inner, times)) (few (segment (depth - 1))) (pick [ "3"; "12" ] |> located) ]
    |> located

let private literal = number |> located
let private times = Gen.oneof [ Gen.map AtTime value; Gen.map UntilTime value; Gen.map AfterTime value; Gen.map2 (fun first last -> BetweenTimes(first, last)) value value ]

let private event =
    let turn = Gen.oneof [ Gen.map Takes value; pick [ Succeeds; Fails; Deferred; Infeasible; Refused ] ]

    Gen.oneof
        [ Gen.map2 (fun kind turn -> EffectTurns(kind, turn)) (pick [ SuspendEffect; ResumeEffect; ResizeEffect ]) turn
          Gen.oneof [ Gen.map OperatorResume (orNone value); Gen.map OperatorResize value; pick [ OperatorSuspend; OperatorPause; OperatorUnpause ] ] |> Gen.map OperatorDoes
          Gen.oneof [ pick [ Crashes; Stops ]; Gen.map Serves value ] |> Gen.map ComputeDoes
          Gen.oneof [ Gen.map Forward value; Gen.map Back value ] |> Gen.map ClockIsSet
          Gen.map2 (fun count length -> StatementsCome(count, length)) (orNone (pick [ "3"; "10" ] |> located)) value ]
    |> located

let private expectation =
    Gen.oneof
        [ Gen.map ExpectNothing (orNone times)
          Gen.map2 (fun kinds times -> ExpectNo(kinds, times)) kinds (orNone times)
          gen {
              let! kinds = kind
              let isResume = kinds = [ ResumeAction ]
              let! size = if isResume then Gen.constant (Some(at (Number "2cu"))) elif kinds = [ SuspendAction ] then Gen.constant None else orNone value
              let! by = orNone anyName
              let! times = orNone times
              return ExpectAction(at kinds, size, by, times)
          }
          Gen.map2 (fun size times -> ExpectRunning(size, times)) (orNone literal) times
          Gen.map ExpectSuspended times
          Gen.map2 (fun holds times -> ExpectHolds(holds, times)) condition (orNone times) ]
    |> located

let private scenarioLines =
    let line =
        Gen.oneof
            [ Gen.map2 (fun at event -> EventAt(Some at, event)) value event
              Gen.map2 (fun instant state -> StartsAt(at instant, at state)) (pick [ "2026-03-02T20:00+01:00"; "2026-03-02" ]) (Gen.oneof [ Gen.map2 (fun size since -> FromRunning(size, since)) value (orNone value); Gen.map FromSuspended (orNone literal) ])
              Gen.map2 (fun cpu memory -> MachineHas(cpu, memory)) value value
              Gen.map2 (fun name segments -> SeriesOf(at name, segments)) (pick [ "cpu"; "idle"; "queries.running"; "size"; "backup" ]) (few (segment 2))
              Gen.map2 (fun kind turn -> EventAt(None, at (EffectTurns(kind, turn)))) (pick [ SuspendEffect; ResumeEffect; ResizeEffect ]) (pick [ Succeeds; Fails; Refused ])
              Gen.map Expect expectation ]

    Gen.choose (0, 7) |> Gen.bind (fun count -> Gen.listOfLength count line)

let private extension = Gen.map2 (fun parent without -> { Parent = parent; Without = without }) anyName (Gen.oneof [ Gen.constant []; few anyName ])

let private policyName = pick [ "default"; "reporting"; "when"; "web-shop" ] |> located

let declaration: Gen<Located<Declaration>> =
    Gen.frequency
        [ 1, Gen.map3 (fun name extends zone -> PolicyHeader(name, extends, zone)) (orNone policyName) (orNone extension) (orNone text)
          1, Gen.map2 (fun cpu memory -> UnitOf(cpu, memory)) value value
          2,
          gen {
              let! least = value
              let! most = value
              let! step = orNone value
              let! during = orNone anyName
              return SizeOf(least, most, step, during)
          }
          1, few (Gen.map2 (fun kind length -> at kind, length) (pick [ AfterUp; AfterDown; BeforeSuspend ]) value) |> Gen.map CooldownOf
          2, Gen.map3 (fun name included excluded -> ScheduleOf(name, included, excluded)) anyName (few scheduleItem) (Gen.oneof [ Gen.constant []; few scheduleItem ])
          2, Gen.map2 (fun name body -> LetOf(name, body)) anyName condition
          1,
          gen {
              let! name = anyName
              let! kind = anyName
              let! every = value
              let! stale = orNone value
              let! sql = text
              return MetricOf(name, kind, every, stale, sql)
          }
          5,
          gen {
              let! name = anyName
              let! on = located running
              let! count = Gen.choose (0, 4)
              let! clauses = Gen.listOfLength count clause
              return RuleOf(name, on, clauses)
          }
          2, Gen.map2 (fun kinds condition -> ForbidOf(kinds, condition)) kinds (orNone condition)
          2, Gen.map2 (fun name claim -> PropertyOf(name, at claim)) anyName claim
          3, Gen.map2 (fun title lines -> ScenarioOf(title, List.map at lines)) text scenarioLines ]
    |> located

let file: Gen<Located<Declaration> list> = Gen.choose (0, 6) |> Gen.bind (fun count -> Gen.listOfLength count declaration)
