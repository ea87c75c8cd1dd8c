/// Which schedules hold together, and for how long. Local time is cut at every edge of every range; two weeks stand for all weeks
/// without dates, and the days about the first and the last day of each range of dates for themselves. Changes of the zone's offset
/// are left out: they move edges by an hour and make no combination that lasts.
module internal Serverless.Rules.Analysis.Timeline

open System.Collections.Generic
open Serverless.Core

/// Minutes of local time in which the same schedules hold; bit i is the i-th schedule of the policy.
[<Struct>]
type Piece = { From: int; To: int; Holding: uint64 }

type Timeline =
    { Names: string[]
      /// Each is without a gap; the first is the two weeks without dates.
      Stretches: Piece[] list
      /// All combinations that occur.
      Combinations: uint64[] }

/// Longer than anything that is compared with it.
[<Literal>]
let Endless = 0x3FFFFFFFFFFFFFFFL<ms>

/// More than this is not analysed.
[<Literal>]
let private MostSchedules = 60

[<Literal>]
let private MostPieces = 20_000

[<Literal>]
let private Day = 1440

let private dates (schedules: Schedule list) =
    [ for schedule in schedules do
          for range in schedule.Include @ schedule.Exclude do
              match range.Days with
              | Dates(first, last) -> struct (first, last)
              | Weekdays _ -> () ]
    |> List.distinct

/// Days that are looked at for their dates, as ranges in order that do not touch. Eight days from an edge have every weekday.
let private aboutDates (dates: struct (int * int) list) : struct (int * int) list =
    [ for struct (first, last) in dates do
          struct (first - 1, min (first + 8) (last + 9))
          struct (max (first - 1) (last - 7), last + 9) ]
    |> List.sort
    |> List.fold
        (fun merged struct (first, last) ->
            match merged with
            | struct (start, finish) :: rest when first <= finish + 1 -> struct (start, max finish last) :: rest
            | _ -> struct (first, last) :: merged)
        []
    |> List.rev

/// Two weeks, from a Monday on, in which no date of the policy lies, nor an overnight range of the day before.
let private withoutDates (dates: struct (int * int) list) : struct (int * int) =
    let latest = dates |> List.fold (fun latest (struct (_, last)) -> max latest last) 0
    // 1970-01-05 was a Monday.
    let monday = (latest + 9 - 4 + 6) / 7 * 7 + 4
    struct (monday, monday + 13)

let private pieces (schedules: Schedule[]) (edges: int[]) (struct (first, last): struct (int * int)) : Piece[] =
    let found = List<Piece>()

    for day in first..last do
        // Ranges that can matter on this day: those that begin on it, and those of the day before that may end on it.
        let near (ranges: ScheduleRange list) =
            ranges |> List.filter (fun range -> Stateless.begins range.Days day || (range.To <= range.From && Stateless.begins range.Days (day - 1)))

        let today = schedules |> Array.map (fun schedule -> struct (near schedule.Include, near schedule.Exclude))

        for index in 0 .. edges.Length - 1 do
            let minute = edges[index]
            let mutable holding = 0UL

            for place in 0 .. today.Length - 1 do
                let struct (included, excluded) = today[place]

                if List.exists (Stateless.within day minute) included && not (List.exists (Stateless.within day minute) excluded) then
                    holding <- holding ||| (1UL <<< place)

            let finish = if index + 1 < edges.Length then edges[index + 1] else Day
            let piece = { From = (day - first) * Day + minute; To = (day - first) * Day + finish; Holding = holding }

            if found.Count > 0 && found[found.Count - 1].Holding = holding then
                found[found.Count - 1] <- { found[found.Count - 1] with To = piece.To }
            else
                found.Add piece

    found.ToArray()

/// None when there is too much of it.
let make (schedules: Schedule list) : Timeline option =
    let all = Array.ofList schedules

    let edges =
        [| yield 0
           for schedule in schedules do
               for range in schedule.Include @ schedule.Exclude do
                   yield range.From % Day
                   yield range.To % Day |]
        |> Array.distinct
        |> Array.sort

    let dates = dates schedules
    let days = withoutDates dates :: aboutDates dates
    let count = days |> List.sumBy (fun (struct (first, last)) -> last - first + 1)

    if all.Length > MostSchedules || int64 count * int64 edges.Length > int64 MostPieces then
        None
    else
        let stretches = days |> List.map (pieces all edges)

        Some
            { Names = all |> Array.map _.Name
              Stretches = stretches
              Combinations = stretches |> Seq.collect (Seq.map _.Holding) |> Seq.distinct |> Array.ofSeq }

/// The bit of a schedule; 0 when it is not of this policy.
let bit (timeline: Timeline) (name: string) : uint64 =
    match System.Array.IndexOf(timeline.Names, name) with
    | -1 -> 0UL
    | place -> 1UL <<< place

/// The longest time without a gap in which the combination is one of these; `Endless` when two whole weeks are.
let longest (timeline: Timeline) (fits: uint64 -> bool) : int64<ms> =
    let mutable most = 0
    let mutable isEndless = false

    for stretch in timeline.Stretches do
        let mutable run = 0

        for piece in stretch do
            run <- if fits piece.Holding then run + (piece.To - piece.From) else 0
            most <- max most run

        if run >= 14 * Day then
            isEndless <- true

    if isEndless then Endless else int64 most * 60_000L<ms>
