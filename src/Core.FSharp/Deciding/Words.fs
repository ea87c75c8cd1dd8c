/// Quantities, terms and conditions in words, as an explanation shows them.
module internal Serverless.Core.Words

open System.Globalization

/// A fraction with as many decimals as it needs, at most three.
let private thousandths (value: int64) =
    (decimal value / 1000m).ToString("0.###", CultureInfo.InvariantCulture)

let duration (value: int64<ms>) = thousandths (int64 value) + " s"
/// A length of time to come or gone by, as a person reads it: to the second from ten seconds on, to a tenth below.
let lasting (value: int64<ms>) =
    let grain = if value >= 10_000L<ms> then 1_000L<ms> else 100L<ms>
    duration ((value + grain / 2L) / grain * grain)

/// An instant in UTC, to the millisecond where it has any.
let instant (at: int64<ms>) =
    let most = 253_402_300_799_999L<ms>

    if at < -62_135_596_800_000L<ms> || at > most then $"{at} ms"
    else
        let time = System.DateTimeOffset.FromUnixTimeMilliseconds(int64 at)
        time.ToString((if time.Millisecond = 0 then "yyyy-MM-dd'T'HH:mm:ss'Z'" else "yyyy-MM-dd'T'HH:mm:ss.fff'Z'"), CultureInfo.InvariantCulture)

let size (value: int64<mcu>) = thousandths (int64 value) + "cu"

let private bytes (value: int64) =
    let shown (unit: int64) name = (decimal value / decimal unit).ToString("0.##", CultureInfo.InvariantCulture) + name
    let magnitude = if value < 0L then -(max value -System.Int64.MaxValue) else value

    if magnitude >= (1L <<< 30) then shown (1L <<< 30) "GiB"
    elif magnitude >= (1L <<< 20) then shown (1L <<< 20) "MiB"
    elif magnitude >= (1L <<< 10) then shown (1L <<< 10) "KiB"
    else string value + "B"

let quantity (kind: ValueType) (value: int64) =
    match kind with
    | Percent -> (decimal value / 100m).ToString("0.##", CultureInfo.InvariantCulture) + "%"
    | Count -> thousandths value
    | Rate -> thousandths value + "/s"
    | Cpu -> string value + "m"
    | Bytes -> bytes value
    | Duration -> duration (value * 1L<ms>)
    | Size -> size (value * 1L<mcu>)
    | Flag -> if value = 0L then "false" else "true"

let private aggregate =
    function
    | Last -> "last"
    | Avg -> "avg"
    | Max -> "max"
    | Min -> "min"
    | P50 -> "p50"
    | P95 -> "p95"
    | P99 -> "p99"
    | Sum -> "sum"
    | CountOf -> "count"
    | RateOf -> "rate"
    | Forecast _ -> "forecast"

let comparison =
    function
    | Less -> "<"
    | LessOrEqual -> "<="
    | Greater -> ">"
    | GreaterOrEqual -> ">="
    | Equal -> "="
    | NotEqual -> "!="

let private typeOf (plan: Plan) name =
    plan.Policy.Metrics
    |> List.tryFind (fun metric -> metric.Name = name)
    |> Option.map _.Type
    |> Option.defaultValue Count

/// The term as it is written, and the type of its value.
let private term (plan: Plan) (planned: PlannedTerm) : struct (string * ValueType) =
    let slot index = plan.Slots[index].Metric

    match planned with
    | Fixed _ -> struct ("", Count)
    | Missing -> struct ("?", Count)
    | Newest index -> struct ((slot index).Name, (slot index).Type)
    | Now fact ->
        let name = FactKind.name fact
        struct (name, typeOf plan name)
    | Window(kind, _, index, width) ->
        let kindOfValue =
            match kind, (slot index).Type with
            | CountOf, _ -> Count
            | RateOf, Count -> Rate
            | _, other -> other

        let ahead =
            match kind with
            | Forecast horizon -> ", " + duration horizon
            | _ -> ""

        struct ($"{aggregate kind}({(slot index).Name}, {duration width}{ahead})", kindOfValue)

/// As it is written.
let name (plan: Plan) (planned: PlannedTerm) : string =
    let struct (name, _) = term plan planned
    name

let private shown kind (reading: Reading) =
    match reading.Value with
    | ValueSome value -> quantity kind (Exact.round value)
    | ValueNone -> "unknown"

let private compared (evaluation: Evaluation) plan left comparing right =
    let struct (leftName, leftType) = term plan left
    let struct (rightName, rightType) = term plan right

    let kind =
        match left, right with
        | Fixed _, _ -> rightType
        | _ -> leftType

    let side name planned =
        let value = shown kind (evaluation.Read planned)
        if name = "" then value else $"{name} {value}"

    $"{side leftName left} {comparison comparing} {side rightName right}"

/// The comparisons of a condition with the values seen, in the order they are written. Schedules are named.
let rec seen (evaluation: Evaluation) (plan: Plan) (condition: PlannedCondition) : string list =
    match condition with
    | Always Kleene.True
    | Always Kleene.False -> []
    | Always Kleene.Unknown -> [ "a name that the policy does not declare is unknown" ]
    | Comparing(left, comparing, right) -> [ compared evaluation plan left comparing right ]
    | Set planned ->
        let struct (name, _) = term plan planned
        [ $"{name} is {shown Flag (evaluation.Read planned)}" ]
    | Inside schedule ->
        let inside = evaluation.Truth condition = Kleene.True
        [ (if inside then $"inside {schedule.Name}" else $"outside {schedule.Name}") ]
    | All parts
    | Any parts -> List.collect (seen evaluation plan) parts
    | Negation part -> seen evaluation plan part
    | Sustained(_, part, length) -> seen evaluation plan part |> List.map (fun text -> $"{text} for {duration length}")
