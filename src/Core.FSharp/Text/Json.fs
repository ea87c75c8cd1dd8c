namespace Serverless.Core

/// The part of JSON that the kernel writes and reads: numbers are 64-bit integers, objects keep their order.
[<RequireQualifiedAccess>]
type internal Json =
    | Null
    | Bool of bool
    | Int of int64
    | Text of string
    | List of Json list
    | Object of (string * Json) list

module internal Json =
    open System.Text
    open System.Globalization

    let private writeText (out: StringBuilder) (text: string) =
        out.Append '"' |> ignore

        for c in text do
            match c with
            | '"' -> out.Append "\\\"" |> ignore
            | '\\' -> out.Append "\\\\" |> ignore
            // Lone surrogates would not survive UTF-8; pairs are escaped with them, which is as valid.
            | c when c < ' ' || c = '\127' || System.Char.IsSurrogate c -> out.Append("\\u").Append((int c).ToString("x4", CultureInfo.InvariantCulture)) |> ignore
            | c -> out.Append c |> ignore

        out.Append '"' |> ignore

    let rec private writeTo (out: StringBuilder) (json: Json) =
        let items opening closing write items =
            out.Append(opening: char) |> ignore
            items |> List.iteri (fun index item ->
                if index > 0 then out.Append ',' |> ignore
                write item)
            out.Append(closing: char) |> ignore

        match json with
        | Json.Null -> out.Append "null" |> ignore
        | Json.Bool value -> out.Append(if value then "true" else "false") |> ignore
        | Json.Int value -> out.Append value |> ignore
        | Json.Text text -> writeText out text
        | Json.List values -> items '[' ']' (writeTo out) values
        | Json.Object fields ->
            items '{' '}' (fun (name: string, value) ->
                writeText out name
                out.Append ':' |> ignore
                writeTo out value) fields

    /// On one line, without blanks.
    let write (json: Json) : string =
        let out = StringBuilder()
        writeTo out json
        out.ToString()
