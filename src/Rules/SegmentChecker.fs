/// Series of a scenario: from segments to the pieces of a line.
module internal Serverless.Rules.SegmentChecker

open Serverless.Core
open Serverless.Rules.ExpressionChecker

/// A scenario is a story, and not a year.
let longest = 92L * 86_400_000L

/// A bound on the pieces of a series, so that a `times` in a `times` costs nothing.
let private mostParts = 10_000

/// A segment with its values; no length: to the end of the scenario.
type private Part =
    { Length: int64<ms> option
      First: int64
      Last: int64
      IsMissing: bool
      At: Span }

/// A series whose last piece may be open.
type Shape =
    private
        { Parts: Part list }

    /// Where its last closed piece ends.
    member shape.End: int64<ms> = shape.Parts |> List.sumBy (fun part -> part.Length |> Option.defaultValue 0L<ms>)
    member shape.IsOpen: bool = shape.Parts |> List.exists _.Length.IsNone

let duration (scope: Scope) file (what: string) (expr: Expr) : int64<ms> option =
    ranged scope file what Duration 1L longest expr |> Option.map (fun value -> value * 1L<ms>)

/// A value of the type; flags are written `true` and `false`.
let level (scope: Scope) (file: SourceText) (name: string) (kind: ValueType) (expr: Expr) : int64 option =
    match kind, expr.Value with
    | Flag, ExprNode.Truth value -> Some(if value then 1L else 0L)
    | _ -> fixedValue scope file $"the value of `{name}`" kind expr

let private isIdle name = name = "idle"

let rec private parts (scope: Scope) (file: SourceText) (name: string) (kind: ValueType) (isFact: bool) (segments: Segment list) : Part list option =
    let lengthOf expr = duration scope file "the length of a segment" expr

    // An optional length that is wrong is none of a kind that goes on to the end.
    let optional (expr: Expr option) : int64<ms> option option =
        match expr with
        | None -> Some None
        | Some expr -> lengthOf expr |> Option.map Some

    let report at problem = scope.Report(file, at, problem)

    let part (segment: Segment) : Part list option =
        let one length first last missing = [ { Length = length; First = first; Last = last; IsMissing = missing; At = segment.At } ]

        match segment.Value with
        | Gap length ->
            if isFact then
                report segment.At (FactMissing name)

            optional length |> Option.map (fun length -> one length 0L 0L true)
        | Rising length ->
            if not (isIdle name) then
                report segment.At (NotRising name)

            optional length |> Option.map (fun length -> one length 0L 1L false)
        | Level(value, length) ->
            let found = level scope file name kind value

            if isIdle name && found |> Option.exists ((<>) 0L) then
                report segment.At (NotRising name)

            match found, optional length with
            | Some value, Some length -> Some(one length value value false)
            | _ -> None
        | Ramp(first, last, length) ->
            if isIdle name || kind = Flag then
                report segment.At (NotRising name)

            match level scope file name kind first, level scope file name kind last, lengthOf length with
            | Some first, Some last, Some length -> Some(one (Some length) first last false)
            | _ -> None
        | Repeated(inner, times) ->
            let inner = parts scope file name kind isFact inner
            let times' = PropertyChecker.whole scope file "how often something is repeated" 1 mostParts times

            match inner, times' with
            | Some inner, Some times when int64 inner.Length * int64 times > int64 mostParts ->
                report segment.At (TooManySegments mostParts)
                None
            | Some inner, Some times ->
                match inner |> List.tryFind (fun part -> part.Length.IsNone) with
                | Some part ->
                    report part.At SegmentWithoutEnd
                    None
                | None -> Some(List.replicate times inner |> List.concat)
            | _ -> None

    let all = segments |> List.map part

    if all |> List.forall Option.isSome then
        let all = all |> List.choose id |> List.concat

        if all.Length > mostParts then
            report (Span.cover segments.Head.At (List.last segments).At) (TooManySegments mostParts)
            None
        else
            Some all
    else
        None

/// The shape of a series, if all of it is right.
let shape (scope: Scope) (file: SourceText) (name: string) (kind: ValueType) (isFact: bool) (segments: Segment list) : Shape option =
    parts scope file name kind isFact segments
    |> Option.bind (fun all ->
        let openBefore = all |> List.truncate (all.Length - 1) |> List.tryFind (fun part -> part.Length.IsNone)

        match openBefore with
        | Some part ->
            scope.Report(file, part.At, SegmentWithoutEnd)
            None
        | None -> Some { Parts = all })

/// The series over a scenario of this length.
let series (name: string) (kind: ValueType) (length: int64<ms>) (shape: Shape) : Series =
    let pieces =
        shape.Parts
        |> List.mapFold
            (fun from part ->
                let until =
                    match part.Length with
                    | Some length -> from + length
                    | None -> max from length

                let last = if isIdle name && part.Last > 0L then int64 (until - from) else part.Last
                { From = from; To = until; First = part.First; Last = last; IsMissing = part.IsMissing }, until)
            0L<ms>
        |> fst
        |> List.filter (fun piece -> piece.To > piece.From)

    // The last instant of the scenario belongs to it.
    let closed = Array.ofList pieces

    if closed.Length > 0 && closed[closed.Length - 1].To = length && closed[closed.Length - 1].First = closed[closed.Length - 1].Last then
        closed[closed.Length - 1] <- { closed[closed.Length - 1] with To = length + 1L<ms> }

    { Name = name; Type = kind; Pieces = closed }
