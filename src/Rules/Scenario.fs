namespace Serverless.Rules

open Serverless.Core

/// A straight stretch of a series, [From, To) in milliseconds since the start: from one value towards another, in the scale of its type.
[<Struct>]
type Piece =
    { From: int64<ms>
      To: int64<ms>
      First: int64
      Last: int64
      /// Nothing is measured.
      IsMissing: bool }

/// What a scenario gives over time: a metric, or one of the inputs of `Given`. The pieces follow on each other and cover the scenario.
type Series =
    { Name: string
      Type: ValueType
      Pieces: Piece[] }

module Series =
    let private pieceAt (at: int64<ms>) (series: Series) : Piece voption =
        let rec search low high =
            if low > high then
                ValueNone
            else
                let middle = (low + high) / 2
                let piece = series.Pieces[middle]

                if at < piece.From then search low (middle - 1)
                elif at >= piece.To then search (middle + 1) high
                else ValueSome piece

        search 0 (series.Pieces.Length - 1)

    /// The value at an instant since the start; none where nothing is measured. It keeps its last value at its end.
    let at (at: int64<ms>) (series: Series) : int64 voption =
        match pieceAt at series with
        | ValueNone when series.Pieces.Length > 0 && at >= series.Pieces[series.Pieces.Length - 1].To ->
            let last = series.Pieces[series.Pieces.Length - 1]
            if last.IsMissing then ValueNone else ValueSome last.Last
        | ValueSome piece when not piece.IsMissing ->
            // As decimals, which hold the product exactly.
            let share = decimal (at - piece.From) * decimal (piece.Last - piece.First) / decimal (piece.To - piece.From)
            ValueSome(piece.First + int64 share)
        | _ -> ValueNone

    /// The first instant after this one at which it may take another value: a piece's edge, and each period within a piece that is not level.
    let nextChange (period: int64<ms>) (at: int64<ms>) (series: Series) : int64<ms> voption =
        match pieceAt at series with
        | ValueSome piece when piece.First <> piece.Last -> ValueSome(min piece.To ((at / period + 1L) * period))
        | ValueSome piece -> ValueSome piece.To
        | ValueNone -> ValueNone

/// Inputs of a scenario that are no metrics of the catalogue.
module Given =
    /// Work to be done, in processors: what `cpu` is computed from, for the size in force.
    let load = "load"
    /// Memory that cannot be given back, in bytes: what `memory` is computed from, and below which no size is set.
    let resident = "resident"
    /// Other gateways that have not been heard of.
    let peers = "peers.unknown"

    let all: (string * ValueType) list = [ load, Cpu; resident, Bytes; peers, Count ]

type StartState =
    /// It has run for this long; none: so long that nothing cools down.
    | StartsRunning of size: int64<mcu> * since: int64<ms> option
    | StartsSuspended of size: int64<mcu> option

/// How effects of a kind end.
type EffectEnd =
    | Success
    | Failure
    | Deferral
    | Infeasibility
    | Refusal

type ScenarioEvent =
    /// From now on effects of this kind take this long.
    | EffectsTake of EffectKind * int64<ms>
    /// From now on effects of this kind end like this.
    | EffectsEnd of EffectKind * EffectEnd
    | Operator of Command
    | ComputeCrashes
    | ComputeStops
    | ComputeServesAt of int64<mcu>
    /// The gateway's clock is set: forward, or back where it is negative.
    | ClockJumps of by: int64<ms>
    | Statements of count: int * length: int64<ms>

/// A stretch of the scenario: [From, To], or [From, To) where it was written `until`; `After`: without its first instant.
type Stretch =
    { From: int64<ms>
      IsAfter: bool
      To: int64<ms>
      IsUntil: bool }

    member stretch.Contains(at: int64<ms>) : bool =
        (if stretch.IsAfter then at > stretch.From else at >= stretch.From)
        && (if stretch.IsUntil then at < stretch.To else at <= stretch.To)

type Expected =
    | NoAction of ActionKind list
    | SomeAction of ActionKind list * size: int64<mcu> option * by: string option
    | IsRunning of size: int64<mcu> option
    | IsSuspended
    | Holding of Condition

type Expectation =
    { Expected: Expected
      During: Stretch
      /// As it is written.
      Text: string
      Origin: Origin }

module internal Expectation =
    /// What an action that no rule asks for is explained with. Rules may have these names too.
    let builtIn = [ "wake"; "bounds"; "command"; "crash" ]

/// A story in virtual time with what is expected of the policy. Times are milliseconds since the start.
type Scenario =
    { Title: string
      Origin: Origin
      Start: int64<ms>
      Begins: StartState
      /// What the machine has; none: as much as is asked for.
      Machine: struct (int64<mcpu> * int64<bytes>) voption
      /// Thousandths of a compute-unit hour that were spent before the start, in its local day and month.
      SpentDay: int64
      SpentMonth: int64
      Series: Series list
      Events: struct (int64<ms> * ScenarioEvent) list
      Expectations: Expectation list
      Length: int64<ms> }

module internal Scenario =
    /// Somebody sets the gateway's clock in it: between its instants passes what the clock shows, and what the scenario says no more.
    let setsClock (scenario: Scenario) : bool = scenario.Events |> List.exists (fun (struct (_, event)) -> event.IsClockJumps)

/// A policy with what tests it.
[<Sealed>]
type Suite internal (policy: Policy, metrics: Metric list, schedules: Schedule list, properties: Property list, scenarios: Scenario list, tunables: Tunable list) =
    member _.Policy: Policy = policy
    /// What its rules, properties and scenarios read.
    member _.Metrics: System.Collections.Generic.IReadOnlyList<Metric> = Array.ofList metrics
    member _.Properties: System.Collections.Generic.IReadOnlyList<Property> = Array.ofList properties
    member _.Scenarios: System.Collections.Generic.IReadOnlyList<Scenario> = Array.ofList scenarios
    /// Literals that are marked `tune`, in the order of files and lines.
    member _.Tunables: System.Collections.Generic.IReadOnlyList<Tunable> = Array.ofList tunables
    /// The policy with every metric and schedule that its properties and scenarios speak of: it decides alike.
    member internal _.Watched: Policy = { policy with Metrics = metrics; Schedules = schedules }
