namespace Serverless.Rules

open System
open System.Collections.Generic
open Serverless.Core

/// A minute of a modelled day, in local time.
[<Struct>]
type private Minute =
    { /// Since the start of the zone's time: counts days and minutes of any year.
      Day: int64
      OfDay: int
      /// 0 is Monday.
      Weekday: int }

/// What is asked for in a minute: work in thousandths of the peak, and statements in millionths a second.
[<Struct>]
type private Asked = { Part: int; Rate: int64 }

/// The models: what kinds of database there are, by who uses them. All in whole numbers.
module private LoadModels =
    /// By hour: value at the full hour, in thousandths; between hours a straight line.
    let shaped (byHour: int[]) (ofDay: int) =
        let hour, minute = ofDay / 60, ofDay % 60
        let next = byHour[(hour + 1) % 24]
        byHour[hour] + (next - byHour[hour]) * minute / 60

    let uneven seed what (minute: Minute) (percent: int) (value: int) =
        let noise = Noise.at seed what (minute.Day * 1_440L + int64 minute.OfDay) (2 * percent + 1)
        min 1_000 (value * (100 - percent + noise) / 100)

    /// Statements that use 10 ms of a processor each, at so much of the peak: 100 a second for each core.
    let rateOf (peak: int64) (part: int) = peak * int64 part / 1_000L * 100_000L

    let nothing = { Part = 0; Rate = 0L }

    /// People at desks: from seven to six on weekdays, fewer at noon, and now and then somebody in the evening or on a Saturday.
    let office seed (peak: int64) (minute: Minute) : Asked =
        let weekday = [| 0; 0; 0; 0; 0; 0; 0; 60; 420; 800; 950; 900; 500; 620; 900; 860; 640; 260; 0; 0; 0; 0; 0; 0 |]
        let isWork = minute.Weekday < 5 && minute.OfDay >= 420 && minute.OfDay < 1_080
        // A quarter of an hour each.
        let quarter = minute.Day * 96L + int64 (minute.OfDay / 15)
        let isLate = minute.OfDay >= 540 && minute.OfDay < 1_320 && Noise.at seed 2 quarter 1_000 < (if minute.Weekday < 5 then 60 else 15)

        if isWork then
            let part = uneven seed 1 minute 15 (shaped weekday minute.OfDay)
            { Part = part; Rate = max 1_000_000L (rateOf peak part) }
        elif isLate then
            { Part = 20; Rate = 200_000L }
        else
            nothing

    /// People at home: always some, most in the evening, and a few times a week a rush of ten to thirty minutes.
    let web seed (peak: int64) (minute: Minute) : Asked =
        let day = [| 260; 170; 110; 80; 70; 80; 120; 200; 300; 380; 430; 460; 500; 480; 460; 470; 500; 560; 640; 740; 800; 760; 600; 420 |]
        let weekend = if minute.Weekday >= 5 then 115 else 100
        let half = minute.Day * 48L + int64 (minute.OfDay / 30)
        let isRush = Noise.at seed 4 half 1_000 < 12 && minute.OfDay % 30 < 10 + Noise.at seed 5 half 21
        let part = uneven seed 3 minute 10 (shaped day minute.OfDay * weekend / 100)
        let part = min 1_000 (if isRush then part * 2 else part)
        { Part = part; Rate = max 1_000_000L (rateOf peak part) }

    /// Jobs: a long one each night at two, of one to three hours, and a short one at the full hour.
    let batch seed (peak: int64) (minute: Minute) : Asked =
        let length = 60 + Noise.at seed 6 minute.Day 121
        let short = 3 + Noise.at seed 7 (minute.Day * 24L + int64 (minute.OfDay / 60)) 6

        if minute.OfDay >= 120 && minute.OfDay < 120 + length then
            { Part = uneven seed 8 minute 8 930; Rate = 20_000_000L }
        elif minute.OfDay % 60 < short then
            { Part = 250; Rate = 5_000_000L }
        else
            nothing

    /// Somebody who develops: on weekdays from nine to seven, by bursts of some minutes with long gaps; rarely on a weekend.
    let dev seed (_peak: int64) (minute: Minute) : Asked =
        let isDay = minute.OfDay >= 540 && minute.OfDay < 1_140
        // A burst may begin every five minutes, and goes on while the next five have one too.
        let slot = minute.Day * 288L + int64 (minute.OfDay / 5)
        let chance = if minute.Weekday < 5 then 220 else 12

        if isDay && Noise.at seed 9 slot 1_000 < chance then
            // Now and then a report takes all there is.
            let isHeavy = Noise.at seed 12 (minute.Day * 1_440L + int64 minute.OfDay) 100 < 2
            { Part = (if isHeavy then 1_000 else uneven seed 10 minute 50 120); Rate = int64 (100 + Noise.at seed 11 slot 900) * 1_000L }
        else
            nothing

    let all: (string * string * (uint64 -> int64 -> Minute -> Asked)) list =
        [ "office", "people at desks, from seven to six on weekdays", office
          "web", "people at home, always some and most in the evening, with rushes", web
          "batch", "a job of one to three hours each night, and a short one every hour", batch
          "dev", "somebody who develops: bursts of minutes on weekdays, with long gaps", dev ]

[<Sealed>]
type private ModelReader(ask: Minute -> Asked, zone: Zone, start: int64<ms>, length: int64<ms>, peak: int64<mcpu>) =
    inherit LoadReader()
    let minute = 60_000L<ms>
    let mutable at = 0L<ms>
    let mutable isOver = false
    // The offset changes a few times a year.
    let mutable offset = 0L<ms>
    let mutable offsetUntil = Int64.MinValue * 1L<ms>

    let local () =
        let now = start + at

        if now >= offsetUntil then
            offset <- Zones.offsetAt zone now
            offsetUntil <- zone.Transitions |> List.tryFind (fun transition -> transition.From > now) |> Option.map _.From |> Option.defaultValue Controller.Never

        now + offset

    override _.Read(row, _) =
        if isOver then
            false
        elif at >= length then
            isOver <- true
            row <- LoadRow.Nothing length
            true
        else
            let minutes = int64 (local ()) / int64 minute
            let day = minutes / 1_440L
            // The first of January 1970 was a Thursday.
            let asked = ask { Day = day; OfDay = int (minutes % 1_440L); Weekday = int ((day + 3L) % 7L) }

            row <-
                { At = at
                  Cpu = int64 peak * int64 asked.Part / 1_000L * 1L<mcpu>
                  Resident = (268_435_456L + int64 peak * int64 asked.Part * 100L) * 1L<bytes>
                  Rate = asked.Rate
                  Come = 0
                  Running = 0
                  Latency = (if asked.Rate > 0L then (if asked.Rate < 1_000_000L then 200L<ms> else 10L<ms>) else 0L<ms>)
                  Transactions = 0
                  Pinned = 0
                  Open = 0 }

            // In step with the minutes of the clock, wherever it starts.
            at <- ((start + at) / minute + 1L) * minute - start
            true

    override _.Problem = null

/// A load of a named model: the same for the same arguments, on every machine.
[<Sealed>]
type ModelLoad private (name: string, ask, seed: uint64, zone: Zone, start: int64<ms>, length: int64<ms>, peak: int64<mcpu>) =
    inherit LoadSource($"model {name}, seed {seed}", start, [], true)

    override _.Open() = new ModelReader(ask seed (int64 peak), zone, start, length, peak)

    /// The models by name, with what they are in words.
    static member Models: IReadOnlyList<struct (string * string)> = [| for name, words, _ in LoadModels.all -> struct (name, words) |]

    /// Null when there is no model of this name. Days and hours are those of the zone; `startMs`: Unix milliseconds; `peakCpu`: millicores at the
    /// busiest.
    static member Of(name: string, seed: uint64, zone: Zone, startMs: int64, lengthMs: int64, peakCpu: int64) : LoadSource | null =
        match LoadModels.all |> List.tryFind (fun (known, _, _) -> known = name) with
        | Some(_, _, ask) -> ModelLoad(name, ask, seed, zone, startMs * 1L<ms>, max 0L lengthMs * 1L<ms>, max 0L peakCpu * 1L<mcpu>)
        | None -> null
