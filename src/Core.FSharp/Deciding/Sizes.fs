/// Sizes: bounds in force, what the machine has, what memory cannot be given back, and rounding to the step.
module internal Serverless.Core.Sizes

/// The sizes that may be set now.
[<Struct; NoComparison>]
type Range = { Min: int64<mcu>; Max: int64<mcu> }

let private stepOf (policy: Policy) = max 1L<mcu> policy.Step

let floorTo (step: int64<mcu>) (size: int64<mcu>) = size / step * step

let ceilTo (step: int64<mcu>) (size: int64<mcu>) =
    let down = floorTo step size
    if down = size then size else down + step

/// Largest whole number of steps that the machine or node has; none while that is not known.
let capacity (state: State) : int64<mcu> voption =
    match state.Capacity with
    | ValueNone -> ValueNone
    | ValueSome(struct (cpu, memory)) ->
        let unit = state.Plan.Policy.Unit
        let largest = Exact.wide (int64 Limits.LargestSize)
        let part (has: int64) (each: int64) = if each <= 0L then int64 Limits.LargestSize else int64 (System.Int128.Min(Exact.wide has * Exact.wide 1000L / Exact.wide each, largest))
        let most = min (part (int64 cpu) (int64 unit.Cpu)) (part (int64 memory) (int64 unit.Memory))
        let step = stepOf state.Plan.Policy
        ValueSome(max step (floorTo step (most * 1L<mcu>)))

/// Bounds with a schedule take the place of those without while it holds.
let inForce (holds: PlannedBounds -> bool) (all: PlannedBounds list) : PlannedBounds list =
    match all |> List.filter (fun bounds -> bounds.Bounds.During.IsSome && holds bounds) with
    | [] -> all |> List.filter _.Bounds.During.IsNone
    | holding -> holding

/// Where several hold, the highest floor counts and the lowest ceiling that is not below it.
let combined (policy: Policy) (inForce: PlannedBounds list) : Range =
    let low = inForce |> List.fold (fun low bounds -> max low bounds.Bounds.Min) (stepOf policy)
    let high = inForce |> List.fold (fun high bounds -> min high bounds.Bounds.Max) Limits.LargestSize
    { Min = low; Max = max low high }

/// The sizes that may be set now; the machine's capacity caps the bounds.
let range (now: int64<ms>) (state: State) : Range =
    let plan = state.Plan

    let holds (bounds: PlannedBounds) =
        match bounds.During with
        | ValueSome schedule -> ScheduleTime.contains plan.Zone schedule now
        | ValueNone -> false

    let bounds = plan.Bounds |> inForce holds |> combined plan.Policy

    match capacity state with
    | ValueNone -> bounds
    | ValueSome most -> { Min = min bounds.Min most; Max = min bounds.Max most }

/// When the bounds can change by themselves.
let nextChange (now: int64<ms>) (plan: Plan) : int64<ms> =
    plan.Bounds
    |> List.fold
        (fun next bounds ->
            match bounds.During with
            | ValueSome schedule -> min next (ScheduleTime.nextEdge plan.Zone schedule now)
            | ValueNone -> next)
        Limits.Never

/// The smallest size that holds the memory which cannot be given back, with a margin of a tenth; 0 while none is known.
let memoryFloor (state: State) : int64<mcu> =
    let each = state.Plan.Policy.Unit.Memory
    let needed = Exact.wide (int64 state.Unreclaimable) + Exact.wide (int64 state.Unreclaimable / 10L)

    if state.Unreclaimable <= 0L<bytes> || each <= 0L<bytes> then 0L<mcu>
    else
        let units = (needed * Exact.wide 1000L + Exact.wide (int64 each - 1L)) / Exact.wide (int64 each)
        let most = Exact.wide (int64 Limits.LargestSize)
        ceilTo (stepOf state.Plan.Policy) (int64 (System.Int128.Min(units, most)) * 1L<mcu>)

let clamp (range: Range) (size: int64<mcu>) = max range.Min (min range.Max size)

/// Rounded away from the present size to the step, within the range. `raw` may be any number.
let outward (range: Range) (policy: Policy) (present: int64<mcu>) (raw: int64<mcu>) : int64<mcu> =
    let step = stepOf policy
    clamp range (if raw > present then ceilTo step raw else floorTo step raw)

/// A size to start at or to set by hand: rounded up to the step, within the range.
let settled (now: int64<ms>) (state: State) (raw: int64<mcu>) : int64<mcu> =
    clamp (range now state) (ceilTo (stepOf state.Plan.Policy) (max 0L<mcu> (min raw Limits.LargestSize)))

/// Part of a size in basis points, rounded up: what it is added to or taken from is snapped away from the size, and must not be snapped short of
/// the step that a fraction reaches into.
let part (size: int64<mcu>) (basisPoints: int64) : int64<mcu> =
    let product = (Exact.wide (int64 size) * Exact.wide basisPoints + Exact.wide 9_999L) / Exact.wide 10_000L
    let most = Exact.wide (int64 Limits.LargestSize)
    int64 (System.Int128.Min(product, most)) * 1L<mcu>
