/// From JSON to values, with errors that name the place.
module internal Serverless.Core.Decode

type Decoder<'a> = Json -> Result<'a, string>

type Builder() =
    member _.Bind(result: Result<'a, string>, next: 'a -> Result<'b, string>) = Result.bind next result
    member _.Return(value: 'a) : Result<'a, string> = Ok value
    member _.ReturnFrom(result: Result<'a, string>) = result

let decode = Builder()

let private kind =
    function
    | Json.Null -> "null"
    | Json.Bool _ -> "a truth value"
    | Json.Int _ -> "an integer"
    | Json.Text _ -> "a text"
    | Json.List _ -> "a list"
    | Json.Object _ -> "an object"

let private wrong expected json = Error $"expected {expected}, found {kind json}"

let integer: Decoder<int64> =
    function
    | Json.Int value -> Ok value
    | other -> wrong "an integer" other

let int32: Decoder<int> =
    function
    | Json.Int value when value >= -0x80000000L && value <= 0x7FFFFFFFL -> Ok(int value)
    | Json.Int _ -> Error "expected a 32-bit integer"
    | other -> wrong "an integer" other

let ms: Decoder<int64<ms>> = integer >> Result.map (fun value -> value * 1L<ms>)
let mcu: Decoder<int64<mcu>> = integer >> Result.map (fun value -> value * 1L<mcu>)

let text: Decoder<string> =
    function
    | Json.Text value -> Ok value
    | other -> wrong "a text" other

let bool: Decoder<bool> =
    function
    | Json.Bool value -> Ok value
    | other -> wrong "a truth value" other

let optional (decoder: Decoder<'a>) : Decoder<'a option> =
    function
    | Json.Null -> Ok None
    | other -> decoder other |> Result.map Some

let voptional (decoder: Decoder<'a>) : Decoder<'a voption> = optional decoder >> Result.map Option.toValueOption

let list (decoder: Decoder<'a>) : Decoder<'a list> =
    function
    | Json.List items ->
        let add item (found: Result<'a list, string>) =
            match decoder item, found with
            | Ok value, Ok values -> Ok(value :: values)
            | Error message, _ -> Error message
            | _, Error message -> Error message

        List.foldBack add items (Ok [])
    | other -> wrong "a list" other

let pair (first: Decoder<'a>) (second: Decoder<'b>) : Decoder<'a * 'b> =
    function
    | Json.List [ a; b ] -> decode {
        let! a = first a
        let! b = second b
        return a, b
      }
    | other -> wrong "a list of two" other

let field (name: string) (decoder: Decoder<'a>) : Decoder<'a> =
    function
    | Json.Object fields ->
        match List.tryFind (fun (found, _) -> found = name) fields with
        | Some(_, value) -> decoder value |> Result.mapError (fun message -> $"{name}: {message}")
        | None -> Error $"expected a field '{name}', found none"
    | other -> wrong "an object" other

/// A field that an older version does not have.
let fieldOr (name: string) (missing: 'a) (decoder: Decoder<'a>) : Decoder<'a> =
    function
    | Json.Object fields when not (List.exists (fun (found, _) -> found = name) fields) -> Ok missing
    | json -> field name decoder json

/// By the value of the field that tells the cases apart.
let tagged (name: string) (cases: string -> Decoder<'a> option) : Decoder<'a> =
    fun json ->
        decode {
            let! tag = field name text json

            match cases tag with
            | Some decoder -> return! decoder json
            | None -> return! Error $"{name}: '{tag}' is not known"
        }
