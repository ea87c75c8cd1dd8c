/// What the underlined text would be replaced with, where that is known: for editors, which offer it at a key. Where
/// there are several ways, or where more than this place would change, there is none.
module internal Serverless.Rules.Mending

open System
open Serverless.Core

let private quoted (text: string) = "\"" + text + "\""

/// Words of a list of what is expected, which also has descriptions in it.
let private words (expected: string list) =
    expected |> List.filter (fun item -> item.Length > 2 && item[0] = '`') |> List.map _.Trim('`')

let private unitFor (unit: string) =
    match unit with
    | "min"
    | "mins" -> Some "m"
    | "sec"
    | "secs" -> Some "s"
    | _ -> Suggest.nearest unit Quantity.unitNames

let replacement (problem: Problem) : string option =
    match problem with
    | Unexpected(expected, found) when found.StartsWith '`' -> Suggest.nearest (found.Trim '`') (words expected)
    | UnknownDeclaration found -> Suggest.nearest found Keyword.All
    | UnknownUnitOf(text, unit) when unit <> "" && text.EndsWith(unit, StringComparison.Ordinal) ->
        unitFor unit |> Option.map (fun right -> text.Substring(0, text.Length - unit.Length) + right)
    | UnknownName(_, name, candidates) -> Suggest.nearest name (List.concat candidates)
    | UnknownZone(name, candidates) -> Suggest.nearest name candidates |> Option.map quoted
    | WrongType(expected, found, Some literal) -> Wording.retyped expected found literal
    | EqualsOnce -> Some "=="
    | WindowTooShort(_, _, period) -> Some(Quantity.show Duration (2L * period))
    | StaleBelowPeriod(_, period) -> Some(Quantity.show Duration (4L * period))
    | EmptyBounds(least, most) when least > most && most > 0L -> Some(Quantity.show Size most + " .. " + Quantity.show Size least)
    | BeyondBounds(value, least, most) -> Some(Quantity.show Size (max least (min most value)))
    | DatesReversed(first, last) -> Some(last + ".." + first)
    | _ -> None
