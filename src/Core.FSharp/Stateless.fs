/// What the kernel does that depends on no state: schedules, bounds, and the sizes that actions ask for. For whoever proves something of
/// a policy without running it, so that what is proven is what runs.
module Serverless.Core.Stateless

/// Sizes from one to another, both inclusive.
[<Struct; NoComparison>]
type SizeRange = { Least: int64<mcu>; Most: int64<mcu> }

/// A range of a schedule begins on this local day, in days since 1970-01-01.
let begins (days: Days) (day: int) : bool = ScheduleTime.begins days day

/// The minute of a local day is inside of the range, which may have begun on the day before.
let within (day: int) (minute: int) (range: ScheduleRange) : bool = ScheduleTime.within day minute range

/// The sizes that may be set while these schedules hold, on a machine that has enough for all of them.
let range (policy: Policy) (holds: string -> bool) : SizeRange =
    let planned = policy.Bounds |> List.map (fun bounds -> ({ Bounds = bounds; During = ValueNone }: PlannedBounds))

    let found: Sizes.Range =
        planned
        |> Sizes.inForce (fun bounds -> bounds.Bounds.During |> Option.exists holds)
        |> Sizes.combined policy

    { Least = found.Min; Most = found.Max }

/// The size that an action asks for at a size, clamped to the range and snapped to the step; none when it asks for nothing.
/// `usage`: what a Track rule follows, in basis points.
let asked (policy: Policy) (range: SizeRange) (size: int64<mcu>) (usage: int64 voption) (action: RuleAction) : int64<mcu> voption =
    let usage =
        match usage with
        | ValueSome usage -> ValueSome(Exact.ofInt usage)
        | ValueNone -> ValueNone

    Proposals.asked { Min = range.Least; Max = range.Most } policy size usage action
