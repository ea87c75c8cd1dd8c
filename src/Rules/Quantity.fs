/// Values of the rule language as text and back. Exact: what the scale of a type cannot hold is an error, never rounded.
module Serverless.Rules.Quantity

open System
open System.Globalization
open Serverless.Core

let typeName (kind: ValueType) : string =
    match kind with
    | Percent -> "percent"
    | Count -> "count"
    | Rate -> "rate"
    | Cpu -> "cpu"
    | Bytes -> "bytes"
    | Duration -> "duration"
    | Size -> "size"
    | Flag -> "flag"

let types: ValueType list = [ Percent; Count; Rate; Cpu; Bytes; Duration; Size; Flag ]

let private units: (string * ValueType * decimal) list =
    [ "", Count, 1000m
      "%", Percent, 100m
      "/s", Rate, 1000m
      "cu", Size, 1000m
      "ms", Duration, 1m
      "s", Duration, 1000m
      "m", Duration, 60_000m
      "h", Duration, 3_600_000m
      "d", Duration, 86_400_000m
      "B", Bytes, 1m
      "KiB", Bytes, 1024m
      "MiB", Bytes, 1024m * 1024m
      "GiB", Bytes, 1024m * 1024m * 1024m
      "TiB", Bytes, 1024m * 1024m * 1024m * 1024m
      "KB", Bytes, 1e3m
      "MB", Bytes, 1e6m
      "GB", Bytes, 1e9m
      "TB", Bytes, 1e12m
      " cpu", Cpu, 1000m
      "m cpu", Cpu, 1m ]

let unitNames: string list = units |> List.map (fun (name, _, _) -> name.Trim()) |> List.filter ((<>) "")

/// The largest literal of each type: far beyond need, and small enough that the kernel's products stay within 64 bits.
let largest (kind: ValueType) : int64 =
    match kind with
    | Percent -> 100_000_000L
    | Count
    | Rate -> 1_000_000_000_000_000L
    | Cpu -> 4_096_000L
    | Bytes -> 1L <<< 50
    | Duration -> 3_660L * 86_400_000L
    | Size -> 4_096_000L
    | Flag -> 1L

let private plain (value: int64) (scale: int64) =
    (decimal value / decimal scale).ToString("0.####", CultureInfo.InvariantCulture)

let private showDuration (value: int64) =
    if value = 0L then
        "0s"
    else
        [ 86_400_000L, "d"; 3_600_000L, "h"; 60_000L, "m"; 1_000L, "s"; 1L, "ms" ]
        |> List.mapFold (fun rest (scale, unit) -> (if rest / scale > 0L then string (rest / scale) + unit else ""), rest % scale) value
        |> fst
        |> String.concat ""

let private showBytes (value: int64) =
    [ 1L <<< 40, "TiB"; 1L <<< 30, "GiB"; 1L <<< 20, "MiB"; 1L <<< 10, "KiB" ]
    |> List.tryFind (fun (scale, _) -> value >= scale && value % scale = 0L)
    |> function
        | Some(scale, unit) -> $"{value / scale}{unit}"
        | None -> $"{value}B"

/// A value as a rule file would write it.
let show (kind: ValueType) (value: int64) : string =
    match kind with
    | Percent -> plain value 100L + "%"
    | Count -> plain value 1000L
    | Rate -> plain value 1000L + "/s"
    | Cpu when value % 1000L = 0L -> $"{value / 1000L} cpu"
    | Cpu -> $"{value}m cpu"
    | Bytes -> showBytes value
    | Duration -> showDuration value
    | Size -> plain value 1000L + "cu"
    | Flag -> if value = 0L then "false" else "true"

type Misread =
    | UnknownUnit of unit: string
    | TooLarge of largest: string
    | TooFine of kind: ValueType

let private isUnitChar (c: char) = not (Char.IsAsciiDigit c) && c <> '.'

/// `1h30m` as [("1", "h"); ("30", "m")].
let private segments (text: string) =
    let rec go at found =
        if at >= text.Length then
            List.rev found
        else
            let mutable unitAt = at
            while unitAt < text.Length && not (isUnitChar text[unitAt]) do
                unitAt <- unitAt + 1

            let mutable next = unitAt
            while next < text.Length && isUnitChar text[next] do
                next <- next + 1

            go next ((text.Substring(at, unitAt - at), text.Substring(unitAt, next - unitAt)) :: found)

    go 0 []

let private scaled (digits: string) (unit: string) =
    match units |> List.tryFind (fun (name, _, _) -> name = unit) with
    | None -> Error(UnknownUnit(unit.Trim()))
    | Some(_, kind, scale) ->
        let tooLarge = TooLarge(show kind (largest kind))

        if digits.Length > 20 then
            Error tooLarge
        else
            match Decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) with
            | false, _ -> Error(UnknownUnit(digits + unit))
            | true, number when number > decimal (largest kind) / scale -> Error tooLarge
            | true, number ->
                let value = number * scale
                if value <> Decimal.Truncate value then Error(TooFine kind) else Ok(struct (kind, int64 value))

/// Reads a literal such as `75%`, `2.5/s`, `500m cpu`, `2GiB`, `1h30m`, `0.5cu`.
let read (text: string) : Result<struct (ValueType * int64), Misread> =
    match segments text with
    | [ digits, unit ] -> scaled digits unit
    | parts ->
        // Only durations are written in several parts.
        (Ok 0L, parts)
        ||> List.fold (fun total (digits, unit) ->
            match total, scaled digits unit with
            | Ok sum, Ok(struct (Duration, value)) when sum + value <= largest Duration -> Ok(sum + value)
            | Ok _, Ok(struct (Duration, _)) -> Error(TooLarge(show Duration (largest Duration)))
            | Ok _, Ok _ -> Error(UnknownUnit text)
            | Ok _, Error misread -> Error misread
            | failed, _ -> failed)
        |> Result.map (fun value -> struct (Duration, value))

let private trimmed (digits: string) =
    let whole = digits.TrimStart '0'

    let shortened =
        match whole.IndexOf '.' with
        | -1 -> whole
        | _ -> whole.TrimEnd('0').TrimEnd('.')

    if shortened = "" || shortened[0] = '.' then "0" + shortened else shortened

/// A literal without zeros and blanks that say nothing: `0.50cu` as `0.5cu`, `1h00m` as `1h`. What is no literal stays as it is.
let normal (text: string) : string =
    if text = "" || not (Char.IsAsciiDigit text[0]) then
        text
    else
        let text = String.Join(' ', text.Split([| ' '; '\t' |], StringSplitOptions.RemoveEmptyEntries))
        let parts = segments text |> List.map (fun (digits, unit) -> trimmed digits, unit)
        let some = parts |> List.filter (fun (digits, _) -> digits <> "0")

        let shown =
            (if some.IsEmpty then List.truncate 1 parts else some)
            |> List.map (fun (digits, unit) -> digits + unit)
            |> String.concat ""

        match read text, read shown with
        | Ok before, Ok after when before = after -> shown
        | _ -> text
