/// Dates and times of schedules.
module internal Serverless.Rules.ScheduleChecker

open System
open System.Globalization
open Serverless.Core

let private minutes (text: string) : int option =
    match text.Split ':' with
    | [| hours; minutes |] when hours.Length <= 2 && minutes.Length = 2 ->
        match Int32.TryParse hours, Int32.TryParse minutes with
        | (true, hours), (true, minutes) when hours < 24 && minutes < 60 || hours = 24 && minutes = 0 -> Some(hours * 60 + minutes)
        | _ -> None
    | _ -> None

let private dayNumber (text: string) : int option =
    match DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None) with
    | true, date -> Some(date.DayNumber - DateOnly(1970, 1, 1).DayNumber)
    | _ -> None

let private weekMask (first: int) (last: int) =
    let count = (last - first + 7) % 7
    [ 0..count ] |> List.fold (fun mask step -> mask ||| (1 <<< ((first + step) % 7))) 0

let private days (scope: Scope) file (item: Located<DayItem>) : Days option =
    match item.Value with
    | Daily -> Some(Weekdays 0b111_1111)
    | Weekday(first, last) -> Some(Weekdays(weekMask first last))
    | DateRange(first, last) ->
        match dayNumber first, dayNumber last with
        | Some from, Some until when from <= until -> Some(Dates(from, until))
        | Some _, Some _ ->
            scope.Report(file, item.At, DatesReversed(first, last))
            None
        | from, _ ->
            scope.Report(file, item.At, NoSuchDate(if from.IsNone then first else last))
            None

let private times (scope: Scope) file (item: Located<string * string>) : (int * int) option =
    let first, last = item.Value

    match minutes first, minutes last with
    | Some from, Some until when from % 1440 = until % 1440 && not (from = 0 && until = 1440) ->
        scope.Report(file, item.At, EmptyTimes $"{first}..{last}")
        None
    // 24:00 as a beginning is the next day's 00:00, which is not what was meant.
    | Some 1440, Some _ ->
        scope.Report(file, item.At, NoSuchTime first)
        None
    | Some from, Some until -> Some(from, until)
    | from, _ ->
        scope.Report(file, item.At, NoSuchTime(if from.IsNone then first else last))
        None

/// Days without times take those of the next item that has some (`sat, sun 10:00..12:00`), or are whole; times without
/// days take those of the item before (`mon..fri 08:00..12:00, 13:00..17:00`), or are daily.
let ranges (scope: Scope) (file: SourceText) (items: ScheduleItem list) : ScheduleRange list =
    let range (from, until) days = { Days = days; From = from; To = until }
    let wholeDay = 0, 1440

    let rec go (pending: Days list) (earlier: Days list) (items: ScheduleItem list) =
        match items with
        | [] -> pending |> List.map (range wholeDay)
        | item :: rest ->
            let here = item.Days |> Option.bind (days scope file) |> Option.toList
            let all = pending @ here

            match item.Times with
            | None -> go all earlier rest
            | Some written ->
                let at = times scope file written
                let on = if item.Days.IsNone && pending.IsEmpty then earlier else all
                (at |> Option.toList |> List.collect (fun at -> on |> List.map (range at))) @ go [] on rest

    go [] [ Weekdays 0b111_1111 ] items
