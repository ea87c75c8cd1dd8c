/// Local time by the policy's own list of transitions: always from UTC to local, never back, so gaps and overlaps of
/// daylight saving need no special case.
module internal Serverless.Core.LocalTime

[<Literal>]
let Day = 86_400_000L<ms>

[<Literal>]
let Minute = 60_000L<ms>

let inline private floorDiv (a: int64<ms>) (b: int64<ms>) : int64 =
    let q = a / b
    if a % b < 0L<ms> then q - 1L else q

/// Index of the transition in force; the first holds for all time before the second.
let private inForce (zone: ZoneTransition[]) (instant: int64<ms>) =
    let mutable low, high = 0, zone.Length - 1

    while low < high do
        let middle = (low + high + 1) / 2
        if zone[middle].From <= instant then low <- middle else high <- middle - 1

    low

let offset (zone: ZoneTransition[]) (instant: int64<ms>) : int64<ms> =
    if zone.Length = 0 then 0L<ms> else zone[inForce zone instant].Offset

/// When the offset changes next; `Limits.Never` when it does not.
let nextTransition (zone: ZoneTransition[]) (instant: int64<ms>) : int64<ms> =
    let following = if zone.Length = 0 then 0 else inForce zone instant + 1
    if following < zone.Length then zone[following].From else Limits.Never

/// Local days since 1970-01-01, and milliseconds of that day.
let split zone instant : struct (int * int64<ms>) =
    let local = instant + offset zone instant
    let day = floorDiv local Day
    struct (int day, local - day * Day)

/// The instant of the next local midnight, or of the next transition when that is earlier.
let nextMidnight zone instant : int64<ms> =
    let struct (_, ofDay) = split zone instant
    min (instant + Day - ofDay) (nextTransition zone instant)

/// Months since year 0, of a day since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
let month (day: int) : int =
    let z = day + 719_468
    let era = (if z >= 0 then z else z - 146_096) / 146_097
    let ofEra = z - era * 146_097
    let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let fromMarch = (5 * ofYear + 2) / 153
    (yearOfEra + era * 400) * 12 + fromMarch + 2
