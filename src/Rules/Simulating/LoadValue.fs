/// What stands in a field of a load: a plain number as a monitoring system writes it, or a value as a rule would.
module internal Serverless.Rules.LoadValue

open System
open System.Globalization
open Serverless.Core

/// One of a plain number, in the scale of the type: percent as 75, durations in seconds, cores, bytes.
let scale (kind: ValueType) : decimal =
    match kind with
    | Percent -> 100m
    | Count
    | Rate
    | Cpu
    | Size
    | Duration -> 1_000m
    | Bytes
    | Flag -> 1m

/// In words, with an example.
let wanted (kind: ValueType) : string =
    match kind with
    | Percent -> "a percentage such as 75"
    | Count -> "a count such as 3"
    | Rate -> "a rate a second such as 2.5"
    | Cpu -> "cores such as 0.4, or `400m cpu`"
    | Bytes -> "bytes such as 268435456, or `256MiB`"
    | Duration -> "seconds such as 0.02, or `20ms`"
    | Size -> "compute units such as 1.5"
    | Flag -> "true, false, 1 or 0"

/// To the nearest that a scale has; what is more than nothing never becomes nothing.
let private nearest (number: decimal) : int64 =
    match int64 (Math.Round(number, MidpointRounding.AwayFromZero)) with
    | 0L when number > 0m -> 1L
    | value -> value

/// A number within a type's range, to the nearest that the type has: measurements are finer than rules.
let private ranged (kind: ValueType) (number: decimal) : int64 voption =
    if number < 0m || number > decimal (Quantity.largest kind) / scale kind then
        ValueNone
    else
        let value = nearest (number * scale kind)
        if kind = Flag && number <> 0m && number <> 1m then ValueNone else ValueSome value

let parse (kind: ValueType) (text: ReadOnlySpan<char>) : int64 voption =
    let mutable number = 0m

    if Decimal.TryParse(text, NumberStyles.AllowDecimalPoint ||| NumberStyles.AllowExponent, CultureInfo.InvariantCulture, &number) then
        ranged kind number
    elif kind = Flag then
        if text.Equals("true", StringComparison.OrdinalIgnoreCase) then ValueSome 1L
        elif text.Equals("false", StringComparison.OrdinalIgnoreCase) then ValueSome 0L
        else ValueNone
    elif text.Length = 0 || text.Length > 40 || not (Char.IsAsciiDigit text[0]) then
        ValueNone
    else
        match Quantity.read (text.ToString()) with
        | Ok(struct (found, value)) when found = kind -> ValueSome value
        | _ -> ValueNone

/// Statements a second in millionths, which are finer than a rule's rates: one a week is two of them.
let rate (text: ReadOnlySpan<char>) : int64 voption =
    let plain = if text.EndsWith("/s", StringComparison.Ordinal) then text.Slice(0, text.Length - 2) else text
    let mutable number = 0m

    if Decimal.TryParse(plain, NumberStyles.AllowDecimalPoint ||| NumberStyles.AllowExponent, CultureInfo.InvariantCulture, &number)
       && number >= 0m
       && number <= 1_000_000m then
        ValueSome(nearest (number * 1_000_000m))
    else
        ValueNone

/// Seconds as milliseconds; none: no number of seconds, or one beyond all use.
let seconds (text: ReadOnlySpan<char>) : int64<ms> voption =
    let mutable number = 0m

    if Decimal.TryParse(text, NumberStyles.AllowDecimalPoint ||| NumberStyles.AllowExponent, CultureInfo.InvariantCulture, &number)
       && number >= 0m
       && number <= 9_000_000_000_000m then
        ValueSome(int64 (Math.Round(number * 1_000m)) * 1L<ms>)
    else
        ValueNone

let private digits (text: ReadOnlySpan<char>) (at: int) (count: int) : int =
    let mutable value = 0

    for index in at .. at + count - 1 do
        value <- if value < 0 || index >= text.Length || not (Char.IsAsciiDigit text[index]) then -1 else value * 10 + int (text[index] - '0')

    value

let private is (text: ReadOnlySpan<char>) (at: int) (c: char) = at < text.Length && text[at] = c

/// An instant with its offset: `2026-03-02T20:05:00.250+01:00`, seconds and their fraction as wished, `Z` for UTC. By hand, since a year of samples
/// has six million.
let instant (text: ReadOnlySpan<char>) : int64<ms> voption =
    let year, month, day, hour, minute = digits text 0 4, digits text 5 2, digits text 8 2, digits text 11 2, digits text 14 2

    let isDate = year >= 1970 && year <= 2200 && month >= 1 && month <= 12 && day >= 1 && day <= DateTime.DaysInMonth(year, month)
    let isShaped = is text 4 '-' && is text 7 '-' && (is text 10 'T' || is text 10 ' ') && is text 13 ':'

    if not isDate || not isShaped || hour < 0 || hour > 23 || minute < 0 || minute > 59 then
        ValueNone
    else
        let hasSeconds = is text 16 ':'
        let second = if hasSeconds then digits text 17 2 else 0
        let mutable at = if hasSeconds then 19 else 16
        let mutable fraction = 0
        let mutable weight = 100

        if hasSeconds && is text at '.' then
            at <- at + 1

            while at < text.Length && Char.IsAsciiDigit text[at] do
                fraction <- fraction + int (text[at] - '0') * weight
                weight <- weight / 10
                at <- at + 1

        let offset =
            if at = text.Length - 1 && (text[at] = 'Z' || text[at] = 'z') then
                ValueSome 0
            elif at = text.Length - 6 && (text[at] = '+' || text[at] = '-') && text[at + 3] = ':' then
                let hours, minutes = digits text (at + 1) 2, digits text (at + 4) 2

                if hours < 0 || hours > 18 || minutes < 0 || minutes > 59 then ValueNone
                else ValueSome((hours * 60 + minutes) * (if text[at] = '-' then -1 else 1))
            else
                ValueNone

        match offset with
        | ValueSome offset when second >= 0 && second <= 59 ->
            let days = DateOnly(year, month, day).DayNumber - DateOnly(1970, 1, 1).DayNumber
            let minutes = int64 days * 1_440L + int64 (hour * 60 + minute - offset)
            ValueSome((minutes * 60_000L + int64 (second * 1_000 + fraction)) * 1L<ms>)
        | _ -> ValueNone
