/// Reads JSON text. Total: whatever the text, the result is a value or a message with its place; nesting is bounded.
module internal Serverless.Core.JsonParser

open System.Globalization
open System.Text

[<Literal>]
let private Deepest = 32

/// A value and the place after it.
type private Parsed<'a> = Result<struct ('a * int), string>

let private fail (text: string) at expected : Result<'a, string> =
    let found = if at >= text.Length then "the end of the text" else $"'{text[at]}'"
    Error $"expected {expected} at character {at + 1}, found {found}"

let rec private blank (text: string) at =
    if at < text.Length && (text[at] = ' ' || text[at] = '\t' || text[at] = '\n' || text[at] = '\r') then blank text (at + 1) else at

let private literal (text: string) at (word: string) value : Parsed<Json> =
    if System.String.CompareOrdinal(text, at, word, 0, word.Length) = 0 then Ok(struct (value, at + word.Length)) else fail text at word

let private integer (text: string) at : Parsed<Json> =
    let mutable stop = at
    while stop < text.Length && (text[stop] = '-' || System.Char.IsAsciiDigit text[stop]) do
        stop <- stop + 1

    if stop < text.Length && (text[stop] = '.' || text[stop] = 'e' || text[stop] = 'E') then fail text stop "the end of an integer"
    else
        match System.Int64.TryParse(text.Substring(at, stop - at), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) with
        | true, value -> Ok(struct (Json.Int value, stop))
        | _ -> fail text at "a 64-bit integer"

let private unescaped =
    function
    | 'n' -> ValueSome '\n'
    | 't' -> ValueSome '\t'
    | 'r' -> ValueSome '\r'
    | 'b' -> ValueSome '\b'
    | 'f' -> ValueSome '\012'
    | '"' -> ValueSome '"'
    | '\\' -> ValueSome '\\'
    | '/' -> ValueSome '/'
    | _ -> ValueNone

/// The character of an escape, and how long it is written; `at` is after the backslash.
let private escape (text: string) at : Result<struct (char * int), string> =
    if at < text.Length && text[at] = 'u' then
        let digits = if at + 5 <= text.Length then text.Substring(at + 1, 4) else ""

        match System.UInt16.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) with
        | true, code -> Ok(struct (char code, 5))
        | _ -> fail text (at + 1) "four hexadecimal digits"
    else
        match (if at < text.Length then unescaped text[at] else ValueNone) with
        | ValueSome c -> Ok(struct (c, 1))
        | ValueNone -> fail text at "an escape"

/// `at` is after the opening quote.
let private quoted (text: string) at : Parsed<string> =
    let out = StringBuilder()
    let mutable at = at
    let mutable result = ValueNone

    while result.IsNone do
        if at >= text.Length then result <- ValueSome(fail text at "a closing quote")
        else
            match text[at] with
            | '"' -> result <- ValueSome(Ok(struct (out.ToString(), at + 1)))
            | '\\' ->
                match escape text (at + 1) with
                | Ok(struct (c, length)) ->
                    out.Append c |> ignore
                    at <- at + 1 + length
                | Error message -> result <- ValueSome(Error message)
            | c when c < ' ' -> result <- ValueSome(fail text at "a printable character")
            | c ->
                out.Append c |> ignore
                at <- at + 1

    result.Value

let rec private value (depth: int) (text: string) at : Parsed<Json> =
    let at = blank text at

    if at >= text.Length then fail text at "a value"
    elif depth > Deepest then fail text at $"no more than {Deepest} levels"
    else
        match text[at] with
        | '{' -> members depth text (at + 1) []
        | '[' -> elements depth text (at + 1) []
        | '"' -> quoted text (at + 1) |> Result.map (fun (struct (found, next)) -> struct (Json.Text found, next))
        | 't' -> literal text at "true" (Json.Bool true)
        | 'f' -> literal text at "false" (Json.Bool false)
        | 'n' -> literal text at "null" Json.Null
        | _ -> integer text at

and private elements depth text at found : Parsed<Json> =
    let at = blank text at

    if found = [] && at < text.Length && text[at] = ']' then Ok(struct (Json.List [], at + 1))
    else
        match value (depth + 1) text at with
        | Error message -> Error message
        | Ok(struct (item, next)) ->
            let next = blank text next
            if next < text.Length && text[next] = ',' then elements depth text (next + 1) (item :: found)
            elif next < text.Length && text[next] = ']' then Ok(struct (Json.List(List.rev (item :: found)), next + 1))
            else fail text next "',' or ']'"

and private members depth text at found : Parsed<Json> =
    let at = blank text at

    if found = [] && at < text.Length && text[at] = '}' then Ok(struct (Json.Object [], at + 1))
    elif at >= text.Length || text[at] <> '"' then fail text at "a name in quotes"
    else
        match quoted text (at + 1) with
        | Error message -> Error message
        | Ok(struct (name, next)) ->
            let next = blank text next
            if next >= text.Length || text[next] <> ':' then fail text next "':'"
            else
                match value (depth + 1) text (next + 1) with
                | Error message -> Error message
                | Ok(struct (item, next)) ->
                    let next = blank text next
                    if next < text.Length && text[next] = ',' then members depth text (next + 1) ((name, item) :: found)
                    elif next < text.Length && text[next] = '}' then Ok(struct (Json.Object(List.rev ((name, item) :: found)), next + 1))
                    else fail text next "',' or '}'"

/// One value and nothing after it.
let parse (text: string) : Result<Json, string> =
    match value 0 text 0 with
    | Error message -> Error message
    | Ok(struct (found, next)) ->
        let next = blank text next
        if next = text.Length then Ok found else fail text next "the end of the text"
