/// The semantics once more, as plainly as they can be said: every window from the whole history, every time. Slow, and obviously right.
module Serverless.Tests.Property.Core.Naive

open Serverless.Core
open Serverless.Tests.Property.Core.Policies

/// A fraction in lowest terms, with a positive denominator.
let fraction (num: bigint) (den: bigint) =
    let divisor = bigint.GreatestCommonDivisor(num, den)
    let divisor = if den.Sign < 0 then -divisor else divisor
    num / divisor, den / divisor

let nearestRank percent (values: int64 list) =
    let sorted = List.sort values
    sorted[max 1 ((sorted.Length * percent + 99) / 100) - 1]

let regression (horizon: int64<ms>) (inside: (int64<ms> * int64) list) =
    let n = bigint inside.Length
    let t = inside |> List.map (fun (at, _) -> bigint (int64 at))
    let v = inside |> List.map (snd >> bigint)
    let sumT, sumV = List.sum t, List.sum v
    let spread = n * List.sumBy (fun x -> x * x) t - sumT * sumT
    if spread.IsZero then None
    else
        let slope = n * List.sum (List.map2 (*) t v) - sumT * sumV
        let x = List.last t + bigint (int64 horizon)
        Some(fraction (sumV * spread + slope * (n * x - sumT)) (n * spread))

/// The definition: left-open, Unknown when a gap, edges included, exceeds the staleness.
let window kind (stale: int64<ms>) (width: int64<ms>) (now: int64<ms>) (samples: (int64<ms> * int64) list) : (bigint * bigint) option =
    let inside = samples |> List.filter (fun (at, _) -> at > now - width && at <= now)
    let edges = (now - width) :: (List.map fst inside) @ [ now ]
    let gaps = edges |> List.pairwise |> List.map (fun (a, b) -> b - a)

    if inside.IsEmpty || List.exists (fun gap -> gap > stale) gaps then None
    else
        let values = List.map snd inside
        let whole (value: int64) = Some(bigint value, 1I)
        let sum = values |> List.sumBy bigint

        match kind with
        | Last -> whole (List.last values)
        | Avg -> Some(fraction sum (bigint values.Length))
        | Max -> whole (List.max values)
        | Min -> whole (List.min values)
        | P50 -> whole (nearestRank 50 values)
        | P95 -> whole (nearestRank 95 values)
        | P99 -> whole (nearestRank 99 values)
        | Sum -> Some(sum, 1I)
        | CountOf -> whole (int64 values.Length * 1000L)
        | RateOf ->
            let (first, a), (last, b) = List.head inside, List.last inside
            if last = first then None else Some(fraction ((bigint b - bigint a) * 1000I) (bigint (int64 (last - first))))
        | Forecast horizon -> regression horizon inside

/// Of a number of the kernel.
let internal ofExact (value: Exact) =
    match value with
    | Ratio(num, den) -> fraction (bigint.op_Implicit num) (bigint den)
    | Big big -> fraction big.Num big.Den

/// Of a window of the kernel.
let internal exact (reading: WindowReading) = reading.Value |> ValueOption.map ofExact |> ValueOption.toOption

/// What is needed to say what holds at an instant: all samples since the last restart of their windows, oldest first, and since when timers run.
type World =
    { Policy: Policy
      State: State
      Now: int64<ms>
      Samples: Map<string, (int64<ms> * int64) list>
      Timers: Map<int, int64<ms>> }

let private known (world: World) name = world.Policy.Metrics |> List.tryFind (fun metric -> metric.Name = name)
let private samples (world: World) name = Map.tryFind name world.Samples |> Option.defaultValue []

let private fact (world: World) name =
    match FactKind.ofName name with
    | ValueSome kind ->
        let struct (value, _) = Facts.value kind world.State world.Now
        Some(ofExact value)
    | ValueNone -> None

let private value (world: World) (term: Term) : (bigint * bigint) option =
    match term with
    | Literal(_, value) -> Some(bigint value, 1I)
    | Metric name ->
        match known world name with
        | Some metric when metric.Class = Fact -> fact world name
        | Some metric ->
            match List.tryLast (samples world name) with
            | Some(at, value) when world.Now - at <= metric.Stale -> Some(bigint value, 1I)
            | _ -> None
        | None -> fact world name
    | Over(kind, name, width) ->
        match known world name with
        | Some metric when metric.Class = Fact ->
            match window kind (width * 2L) width world.Now (samples world name), kind with
            | Some found, _ -> Some found
            | None, (CountOf | RateOf) -> Some(0I, 1I)
            | None, _ -> fact world name
        | Some metric -> window kind metric.Stale width world.Now (samples world name)
        | None -> None

let private compared op ((a, b): bigint * bigint) ((c, d): bigint * bigint) =
    let order = compare (a * d) (c * b)

    match op with
    | Less -> order < 0
    | LessOrEqual -> order <= 0
    | Greater -> order > 0
    | GreaterOrEqual -> order >= 0
    | Equal -> order = 0
    | NotEqual -> order <> 0

/// None: Unknown. Also what the timers are afterwards.
let rec truth (world: World) (condition: Condition) : bool option * Map<int, int64<ms>> =
    let all (parts: Condition list) =
        parts |> List.mapFold (fun timers part -> truth { world with Timers = timers } part) world.Timers

    match condition with
    | Constant value -> Some value, world.Timers
    | Compare(left, op, right) -> Option.map2 (compared op) (value world left) (value world right), world.Timers
    | IsSet name -> value world (Metric name) |> Option.map (fun (num, _) -> num <> 0I), world.Timers
    | During name ->
        let schedule = world.Policy.Schedules |> List.tryFind (fun schedule -> schedule.Name = name)
        schedule |> Option.map (fun schedule -> ScheduleTime.contains (Array.ofList world.Policy.Zone.Transitions) schedule world.Now), world.Timers
    | And parts ->
        let found, timers = all parts
        (if List.contains (Some false) found then Some false elif List.contains None found then None else Some true), timers
    | Or parts ->
        let found, timers = all parts
        (if List.contains (Some true) found then Some true elif List.contains None found then None else Some false), timers
    | Not part ->
        let found, timers = truth world part
        Option.map not found, timers
    | Condition.Held(timer, part, length) ->
        let found, timers = truth world part

        if found = Some true then
            let since = Map.tryFind timer timers |> Option.defaultValue world.Now
            Some(world.Now - since >= length), Map.add timer since timers
        else found, Map.remove timer timers
