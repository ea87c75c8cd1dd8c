/// Generated policies, and generated traces with missing samples, failed effects, stale outcomes and gaps of the clock.
module Serverless.Tests.Property.Core.Generators

open FsCheck
open FsCheck.FSharp
open Serverless.Core
open Serverless.Tests.Property.Core.Policies

/// An input before it is known in which state it will arrive.
type Move =
    | Say of Event
    /// The effect in flight ends well (a drain: drained).
    | Finish
    | Spoil of Outcome
    /// An outcome of this many revisions ago.
    | Stale of back: int64 * Outcome
    /// The other of the two policies comes into force.
    | Swap

type Trace = (int64<ms> * Move) list

/// A database's life: two policies, the first in force, and what happens.
[<StructuredFormatDisplay("{Shown}")>]
type Life =
    { First: Policy
      Second: Policy
      Trace: Trace
      /// For what a law chooses by chance.
      Salt: int }

    /// What differs from life to life, for the report of a failure.
    member life.Shown =
        let policy (p: Policy) = sprintf "%A\n%A\n%A\n%A" p.Bounds p.Cooldown (p.Rules |> List.map (fun r -> { r with Origin = here })) p.Forbids
        sprintf "first %s\nsecond %s\n%A" (policy life.First) (policy life.Second) life.Trace

let private pick values = Gen.elements values

let private comparison = pick [ Less; LessOrEqual; Greater; GreaterOrEqual; Equal; NotEqual ]
let private lengths = pick [ 0L<ms>; 1L<ms>; seconds 5; seconds 30; minutes 1; minutes 5 ]
let private widths = pick [ seconds 10; seconds 30; minutes 1; minutes 5 ]
let private aggregate = pick [ Last; Avg; Max; Min; P50; P95; P99; Sum; CountOf; RateOf; Forecast(minutes 1) ]
let private percent = Gen.choose (0, 20) |> Gen.map (fun n -> Literal(Percent, int64 n * 500L))

let private sampleLeaf =
    Gen.oneof
        [ Gen.map3 (fun metric op value -> Compare(Metric metric, op, value)) (pick [ "cpu"; "memory" ]) comparison percent
          gen {
              let! kind = aggregate
              let! metric = pick [ "cpu"; "memory"; "threads.running" ]
              let! width = widths
              let! op = comparison
              let! value = percent
              return Compare(Over(kind, metric, width), op, value)
          }
          Gen.constant (IsSet "backup") ]

/// Aggregates over facts are few: each second is then an instant to look at, and lives take long to play.
let private factLeaf =
    Gen.frequency
        [ 15, Gen.map (fun length -> Compare(Metric "idle", GreaterOrEqual, Literal(Duration, int64 length))) lengths
          12, Gen.map2 (fun op length -> Compare(Metric "compute.age", op, Literal(Duration, int64 length))) comparison lengths
          12, Gen.map3 (fun fact op n -> Compare(Metric fact, op, Literal(Count, int64 n * 1000L))) (pick [ "queries.running"; "queries.held"; "transactions.open"; "spent.day" ]) comparison (Gen.choose (0, 2))
          1, Gen.map3 (fun kind op width -> Compare(Over(kind, "queries.running", width), op, Literal(Count, 500L))) aggregate comparison widths
          12, Gen.map2 (fun op n -> Compare(Metric "size", op, Literal(Size, int64 n * 500L))) comparison (Gen.choose (1, 8))
          12, Gen.map During (pick [ "office"; "night" ])
          12, Gen.map Constant (pick [ true; true; false ]) ]

/// Conditions over these leaves; timers are numbered afterwards.
let rec private conditionOf leaf depth =
    if depth = 0 then leaf
    else
        let part = conditionOf leaf (depth - 1)

        Gen.frequency
            [ 4, leaf
              1, Gen.map Not part
              2, Gen.map2 (fun a b -> And [ a; b ]) part part
              2, Gen.map2 (fun a b -> Or [ a; b ]) part part
              2, Gen.map2 (fun part length -> Condition.Held(0, part, length)) part lengths ]

let private anyCondition = conditionOf (Gen.frequency [ 2, sampleLeaf; 3, factLeaf ]) 2

/// Conditions that know nothing without samples.
let sampleCondition = conditionOf sampleLeaf 2

let private amount =
    Gen.oneof
        [ Gen.choose (1, 200) |> Gen.map (fun n -> Proportion(int64 n * 100L))
          Gen.choose (1, 8) |> Gen.map (fun n -> Units(int64 n * 250L<mcu>)) ]

let private size = Gen.choose (0, 12) |> Gen.map (fun n -> int64 n * 750L<mcu>)
let private limit = Gen.frequency [ 3, Gen.constant None; 1, Gen.map Some (pick [ seconds 30; minutes 5 ]) ]

let private action =
    Gen.frequency
        [ 4, Gen.map2 (fun transactions pinned -> Suspend { Transactions = transactions; PinnedSessions = pinned }) limit limit
          1, Gen.map Resume (Gen.oneof [ Gen.constant None; Gen.map Some size ])
          2, Gen.map ResizeUp amount
          2, Gen.map ResizeDown amount
          1, Gen.map ResizeTo size
          1, Gen.map2 (fun width target -> Track("cpu", width, target)) widths (pick [ 0L; 4_000L; 6_000L; 8_000L ]) ]

let ruleOf condition name =
    gen {
        let! on = condition
        let! until = Gen.frequency [ 3, Gen.constant None; 1, Gen.map Some condition ]
        let! action = action
        let! priority = pick [ -1; 0; 0; 0; 1 ]
        return { rule name on action with Until = until; Priority = priority }
    }

let private kinds = [ SuspendAction; ResumeAction; ResizeUpAction; ResizeDownAction ]

let private forbidOf name =
    Gen.map2 (fun condition blocks -> forbid name condition blocks) anyCondition (Gen.nonEmptyListOf (pick kinds))

let private bounds during =
    Gen.map2 (fun low more -> { Min = int64 low * 500L<mcu>; Max = int64 (low + more) * 500L<mcu>; During = during }) (Gen.choose (1, 6)) (Gen.choose (0, 10))

let private cooldown = pick [ 0L<ms>; 0L<ms>; seconds 30; minutes 5 ]

/// Gives every timer of the policy a number of its own.
let numbered (policy: Policy) : Policy =
    let mutable next = 0

    let rec number condition =
        match condition with
        | Condition.Held(_, part, length) ->
            next <- next + 1
            let own = next
            Condition.Held(own, number part, length)
        | And parts -> And(List.map number parts)
        | Or parts -> Or(List.map number parts)
        | Not part -> Not(number part)
        | other -> other

    { policy with
        Rules = policy.Rules |> List.map (fun rule -> { rule with When = number rule.When; Until = Option.map number rule.Until })
        Forbids = policy.Forbids |> List.map (fun forbid -> { forbid with When = number forbid.When }) }

let private named count make = Gen.collectToList make [ 1..count ]

let policyOf condition revision =
    gen {
        let! many = Gen.choose (0, 5)
        let! rules = named many (fun n -> ruleOf condition $"r{n}")
        let! few = Gen.frequency [ 3, Gen.constant 0; 1, Gen.constant 1; 1, Gen.constant 2 ]
        let! forbids = named few (fun n -> forbidOf $"f{n}")
        let! standing = bounds None
        let! scheduled = Gen.frequency [ 3, Gen.constant []; 1, Gen.map List.singleton (bounds (Some "office")) ]
        let! up = cooldown
        let! down = cooldown
        let! suspend = cooldown

        return
            numbered
                { policy rules forbids with
                    Revision = revision
                    Bounds = standing :: scheduled
                    Cooldown = { Up = up; Down = down; Suspend = suspend } }
    }

let private activity =
    let some = Gen.frequency [ 8, Gen.constant 0; 1, Gen.choose (1, 3) ]

    gen {
        let! held = some
        let! running = some
        let! transactions = some
        let! pinned = some
        let! unknown = Gen.frequency [ 12, Gen.constant 0; 1, Gen.constant 1 ]
        let! idle = pick [ 0L<ms>; seconds 10; minutes 2; hours 1 ]
        return { quiet with Held = held; Running = running; Transactions = transactions; Pinned = pinned; UnknownPeers = unknown; TransactionsIdle = idle; PinnedIdle = idle }
    }

let private outcome =
    pick [ Drained; Succeeded; FailedWith "broken"; StillPending "slow"; DeferredBy "full"; InfeasibleFor "too big"; RefusedBy "backup runs"; WithheldBy "shadow" ]

let private observation =
    Gen.oneof
        [ Gen.map (fun n -> ComputeServes(ValueSome(int64 n * 500L<mcu>))) (Gen.choose (1, 20))
          Gen.constant (ComputeServes ValueNone)
          pick [ ComputeStarting; ComputeGone; ComputeCrashed "signal 9" ] ]

let private command =
    Gen.oneof
        [ pick [ SuspendCommand; SuspendCommand; ResumeCommand ValueNone; PauseCommand; UnpauseCommand; UnpauseCommand ]
          Gen.map (ValueSome >> ResumeCommand) size
          Gen.map ResizeCommand size ]

let private sample =
    let usage metric = Gen.map (fun value -> struct (metric, int64 value)) (Gen.choose (0, 10_000))
    let backup = Gen.map (fun value -> struct ("backup", value)) (pick [ 0L; 0L; 1L ])
    let alone = Gen.oneof [ usage "cpu"; usage "memory"; usage "threads.running"; backup ]
    let together = Gen.sequenceToList [ usage "cpu"; usage "memory"; usage "threads.running"; backup ] |> Gen.bind (Gen.subListOf >> Gen.filter (List.isEmpty >> not)) |> Gen.bind Gen.shuffle
    Gen.frequency [ 2, Gen.map (List.singleton >> Event.OfSamples) alone; 1, Gen.map Event.OfSamples together ]

/// Everything but samples.
let private otherMove =
    Gen.frequency
        [ 4, Gen.constant (Say Tick)
          4, Gen.map (ActivityChanged >> Say) activity
          2, Gen.constant (Say(ActivityChanged quiet))
          8, Gen.constant Finish
          2, Gen.map Spoil outcome
          1, Gen.map2 (fun back outcome -> Stale(int64 back, outcome)) (Gen.choose (-1, 3)) outcome
          1, Gen.map (Observed >> Say) observation
          1, Gen.map (fun gib -> Say(Unreclaimable(int64 gib * 1_073_741_824L<bytes>))) (Gen.choose (0, 12))
          1, Gen.map2 (fun cpu gib -> Say(Capacity(int64 cpu * 500L<mcpu>, int64 gib * 1_073_741_824L<bytes>))) (Gen.choose (0, 12)) (Gen.choose (0, 24))
          1, Gen.map (fun command -> Say(Commanded(command, "ann"))) command
          1, Gen.constant Swap ]

let private delta =
    Gen.frequency
        [ 8, Gen.choose (0, 6_000) |> Gen.map (fun n -> int64 n * 1L<ms>)
          4, Gen.constant (seconds 5)
          3, Gen.choose (1, 400) |> Gen.map seconds
          1, Gen.choose (1, 30) |> Gen.map hours
          1, Gen.choose (-60, -1) |> Gen.map seconds ]

let traceOf move : Gen<Trace> =
    Gen.sized (fun size -> Gen.listOfLength (20 + size) (Gen.zip delta move))

let withSamples = Gen.frequency [ 3, Gen.map Say sample; 5, otherMove ]
let withoutSamples = otherMove

let lifeOf condition move =
    gen {
        let! first = policyOf condition "first"
        let! second = policyOf condition "second"
        let! trace = traceOf move
        let! salt = Gen.choose (0, System.Int32.MaxValue - 1)
        return { Salt = salt; First = first; Second = second; Trace = (0L<ms>, Say(Observed(ComputeServes(ValueSome 1_000L<mcu>)))) :: trace }
    }

/// With one part left out: halves and quarters of a trace first, then single moves, rules and forbids.
let private shrunk (life: Life) : Life seq =
    let without start length values = List.take start values @ List.skip (min (List.length values) (start + length)) values

    seq {
        let n = life.Trace.Length

        for length in [ n / 2; n / 4; 1 ] do
            if length > 0 && length < n then
                for start in 0..length .. n - length do
                    { life with Trace = without start length life.Trace }

        for index in 0 .. life.First.Rules.Length - 1 do
            { life with First = { life.First with Rules = without index 1 life.First.Rules } }

        for index in 0 .. life.First.Forbids.Length - 1 do
            { life with First = { life.First with Forbids = without index 1 life.First.Forbids } }
    }

/// A life whose rules know nothing without samples.
type SampledLife = SampledLife of Life

type Arbitraries =
    static member Life() : Arbitrary<Life> = Arb.fromGenShrink (lifeOf anyCondition withSamples, shrunk)

    static member SampledLife() : Arbitrary<SampledLife> =
        Arb.fromGenShrink (Gen.map SampledLife (lifeOf sampleCondition withSamples), (fun (SampledLife life) -> Seq.map SampledLife (shrunk life)))
