/// Schedules: days, dates and times of the local clock.
///
///     schedule = "schedule" NAME "=" items [ "except" items ]
///     items    = item { "," item }
///     item     = days [ times ] | times
///     days     = "daily" | DAY [ ".." DAY ] | DATE [ ".." DATE ]
///     times    = HH:MM ".." HH:MM
module internal Serverless.Rules.ScheduleParser

open System
open FParsec
open Serverless.Rules.Lexical

let private days = [ "mon"; "tue"; "wed"; "thu"; "fri"; "sat"; "sun" ]

let private digitsWith (label: string) (separator: char) : Parser<Located<string>> =
    let missing = expected label

    token (fun stream ->
        let mutable length = 0

        while Char.IsAsciiDigit(stream.Peek length) do
            length <- length + 1

        if length = 0 || stream.Peek length <> separator then
            Reply(Error, missing)
        else
            while Char.IsAsciiDigit(stream.Peek length) || stream.Peek length = separator do
                length <- length + 1

            Reply(stream.Read length))

let private time = digitsWith "a time such as `08:00`" ':'
let private date = digitsWith "a date such as `2026-12-24`" '-'

let private range (parser: Parser<Located<'a>>) : Parser<Located<'a * 'a>> =
    pipe2 parser (opt (symbol ".." >>. parser)) (fun first last ->
        let last = last |> Option.defaultValue first
        { Value = (first.Value, last.Value); At = Span.cover first.At last.At })

let private weekday: Parser<Located<int>> =
    days |> List.mapi (fun index day -> word day |>> fun at -> { Value = index; At = at.At }) |> choice
    <?> "a day such as `mon`"

let private dayItem: Parser<Located<DayItem>> =
    choice
        [ word "daily" |>> fun at -> { Value = Daily; At = at.At }
          range weekday |>> fun days -> { Value = Weekday days.Value; At = days.At }
          range date |>> fun dates -> { Value = DateRange dates.Value; At = dates.At } ]

let private times: Parser<Located<string * string>> =
    pipe2 time (symbol ".." >>. time) (fun first last -> { Value = (first.Value, last.Value); At = Span.cover first.At last.At })

let private item: Parser<ScheduleItem> =
    let both =
        pipe2 dayItem (opt times) (fun days times ->
            { Days = Some days
              Times = times
              Span = times |> Option.map (fun times -> Span.cover days.At times.At) |> Option.defaultValue days.At })

    let only = times |>> fun times -> { Days = None; Times = Some times; Span = times.At }
    both <|> only

let private items: Parser<ScheduleItem list> = sepBy1 item (symbol ",")

/// What stands behind `schedule NAME =`.
let ranges: Parser<ScheduleItem list * ScheduleItem list> =
    items .>>. (opt (word "except" >>. items) |>> Option.defaultValue [])
