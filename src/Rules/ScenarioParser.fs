/// What stands in a scenario:
///
///     line    = "start" INSTANT ( "running" value [ "for" value ] | "suspended" [ NUMBER ] )
///             | "machine" value "+" value "memory"
///             | NAME "=" segment { "," segment }
///             | [ "at" value ] event
///             | "expect" expectation
///     segment = "?" [ "for" value ] | "missing" [ "for" value ] | "rising" [ "for" value ]
///             | level [ "for" value | "->" level "over" value ] | "(" segment { "," segment } ")" "times" WHOLE
///     level   = value | "true" | "false"
///
/// An `at` behind something belongs to it on its line only; on a line of its own it begins an event.
module internal Serverless.Rules.ScenarioParser

open System
open FParsec
open FParsec.Error
open Serverless.Core
open Serverless.Rules.Lexical
open Serverless.Rules.ExpressionParser
open Serverless.Rules.ActionParser

/// Date, time and offset in one, unread: `2026-03-02T20:00+01:00`.
let private instant: Parser<Located<string>> =
    let missing = expected "an instant such as `2026-03-02T20:00+01:00`"

    token (fun stream ->
        if not (Char.IsAsciiDigit(stream.Peek())) then
            Reply(Error, missing)
        else
            let mutable length = 1

            let isPart (c: char) = Char.IsAsciiLetterOrDigit c || c = '-' || c = ':' || c = '+' || c = '.'

            while isPart (stream.Peek length) do
                length <- length + 1

            Reply(stream.Read length))

let private start: Parser<ScenarioLine> =
    let state =
        choice
            [ word "running" >>. value .>>. opt (word "for" >>. value) |>> FromRunning
              word "suspended" >>. opt numeric |>> FromSuspended ]
        |> spanned

    pipe2 (word "start" >>. instant) state (fun instant state -> StartsAt(instant, state))

let private machine: Parser<ScenarioLine> =
    pipe2 (word "machine" >>. value) (symbol "+" >>. value .>> word "memory") (fun cpu memory -> MachineHas(cpu, memory))

let private length: Parser<Expr option> = opt (word "for" >>. value)
let private level: Parser<Expr> = truth <|> value <?> "a value"

let private segment, private segmentRef = createParserForwardedToRef<Segment, State> ()
let private segments: Parser<Segment list> = sepBy1 segment (symbol ",")

do
    let measured: Parser<SegmentNode> =
        pipe2
            level
            (choice
                [ symbol "->" >>. level .>>. (word "over" >>. value) |>> fun (last, length) first -> Ramp(first, last, length)
                  length |>> fun length first -> Level(first, length) ])
            (fun first make -> make first)

    let repeated: Parser<SegmentNode> =
        pipe2 (symbol "(" >>. nested segments .>> symbol ")") (word "times" >>. number) (fun inner times -> Repeated(inner, times))

    segmentRef.Value <-
        choice
            [ (symbol "?" <|> word "missing") >>. length |>> Gap
              word "rising" >>. length |>> Rising
              repeated
              measured ]
        |> spanned

let private series: Parser<ScenarioLine> = pipe2 (freeName "a metric" .>> symbol "=") segments (fun name segments -> SeriesOf(name, segments))

let private effect: Parser<EventNode> =
    let turn =
        choice
            [ word "takes" >>. value |>> Takes
              word "succeeds" >>% Succeeds
              word "fails" >>% Fails
              word "deferred" >>% Deferred
              word "infeasible" >>% Infeasible
              word "refused" >>% Refused ]

    let kind = choice [ word "suspend" >>% SuspendEffect; word "resume" >>% ResumeEffect; word "resize" >>% ResizeEffect ]
    kind .>>. turn |>> EffectTurns

let private operator: Parser<EventNode> =
    word "operator"
    >>. choice
            [ word "suspend" >>% OperatorSuspend
              word "resume" >>. opt (onSameLine (word "at") >>. value) |>> OperatorResume
              word "resize" >>. word "to" >>. value |>> OperatorResize
              word "pause" >>% OperatorPause
              word "unpause" >>% OperatorUnpause ]
    |>> OperatorDoes

let private accident: Parser<EventNode> =
    word "compute"
    >>. choice [ word "crashes" >>% Crashes; word "stops" >>% Stops; word "serves" >>. word "at" >>. value |>> Serves ]
    |>> ComputeDoes

let private clock: Parser<EventNode> =
    word "clock" >>. choice [ word "forward" >>. value |>> Forward; word "back" >>. value |>> Back ] |>> ClockIsSet

let private statements: Parser<EventNode> =
    pipe2 ((word "statement" >>% None) <|> (number .>> word "statements" |>> Some)) (word "for" >>. value) (fun count length -> StatementsCome(count, length))

let private event: Parser<Located<EventNode>> = choice [ effect; operator; accident; clock; statements ] |> spanned

let private dated: Parser<ScenarioLine> = pipe2 (word "at" >>. value) event (fun at event -> EventAt(Some at, event))

let private times: Parser<TimesNode> =
    choice
        [ onSameLine (word "at") >>. value |>> AtTime
          word "until" >>. value |>> UntilTime
          word "after" >>. value |>> AfterTime
          word "between" >>. value .>>. (symbol ".." >>. value) |>> BetweenTimes ]

let private expectation: Parser<Located<ExpectNode>> =
    let action =
        // Behind `resume` a size and a time both begin with `at`. A size has its unit, or more behind it.
        let more = choice [ word "by"; word "at"; word "until"; word "after"; word "between" ]

        let isSize (expr: Expr) : Parser<Expr> =
            match expr.Value with
            | Number text when text.EndsWith("cu", StringComparison.Ordinal) -> preturn expr
            | _ -> followedBy more >>% expr

        let sized =
            choice
                [ word "suspend" >>% ([ SuspendAction ], None)
                  word "resume" >>. opt (attempt (onSameLine (word "at") >>. value >>= isSize)) |>> fun size -> [ ResumeAction ], size
                  word "resize"
                  >>. choice
                          [ word "up" >>% [ ResizeUpAction ]
                            word "down" >>% [ ResizeDownAction ]
                            preturn [ ResizeUpAction; ResizeDownAction ] ]
                  .>>. opt (word "to" >>. value) ]
            |> spanned

        pipe3 sized (opt (word "by" >>. name "the name of a rule")) (opt times) (fun sized by times ->
            ExpectAction({ Value = fst sized.Value; At = sized.At }, snd sized.Value, by, times))

    word "expect"
    >>. (choice
             [ word "nothing" >>. opt times |>> ExpectNothing
               word "no" >>. kindList .>>. opt times |>> ExpectNo
               word "running" >>. opt numeric .>>. times |>> ExpectRunning
               word "suspended" >>. times |>> ExpectSuspended
               action
               expression .>>. opt times |>> ExpectHolds ]
         |> spanned)

let private line: Parser<Located<ScenarioLine>> =
    choice
        [ start
          machine
          dated
          expectation |>> Expect
          (effect |> spanned) |>> fun event -> EventAt(None, event)
          series ]
    |> spanned

let lines: Parser<Located<ScenarioLine> list> = many line
