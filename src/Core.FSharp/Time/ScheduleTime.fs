/// Membership of an instant in a schedule, and when that can change next.
module internal Serverless.Core.ScheduleTime

/// A range begins on this local day.
let begins (days: Days) (day: int) : bool =
    match days with
    | Weekdays mask ->
        // 1970-01-01 was a Thursday; bit 0 is Monday.
        let weekday = ((day + 3) % 7 + 7) % 7
        mask &&& (1 <<< weekday) <> 0
    | Dates(first, last) -> first <= day && day <= last

/// The local minute is inside of the range.
let within (day: int) (minute: int) (range: ScheduleRange) : bool =
    if range.From < range.To then begins range.Days day && range.From <= minute && minute < range.To
    else (begins range.Days day && minute >= range.From) || (begins range.Days (day - 1) && minute < range.To)

let contains (zone: ZoneTransition[]) (schedule: Schedule) (instant: int64<ms>) : bool =
    let struct (day, ofDay) = LocalTime.split zone instant
    let minute = int (ofDay / LocalTime.Minute)
    List.exists (within day minute) schedule.Include && not (List.exists (within day minute) schedule.Exclude)

/// The next edge of one of its ranges, local midnight or a transition of the zone, whichever comes first.
let nextEdge (zone: ZoneTransition[]) (schedule: Schedule) (instant: int64<ms>) : int64<ms> =
    let struct (_, ofDay) = LocalTime.split zone instant
    let start = instant - ofDay

    let edge next (minute: int) =
        let at = start + int64 minute * LocalTime.Minute
        if at > instant then min next at else next

    let edges next (ranges: ScheduleRange list) = ranges |> List.fold (fun next range -> edge (edge next range.From) range.To) next
    edges (edges (LocalTime.nextMidnight zone instant) schedule.Include) schedule.Exclude
