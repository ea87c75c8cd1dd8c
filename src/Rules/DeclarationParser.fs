/// One declaration, from its keyword to its end.
module internal Serverless.Rules.DeclarationParser

open FParsec
open Serverless.Core
open Serverless.Rules.Lexical
open Serverless.Rules.ExpressionParser
open Serverless.Rules.ActionParser

let private policy: Parser<Declaration> =
    pipe3
        (opt (nameBut ("zone" :: "extends" :: Keyword.All) "a name"))
        (opt (word "zone" >>. text))
        (opt (word "extends" >>. name "the name of a policy"))
        (fun name zone extended -> if extended.IsSome then Extending name else PolicyHeader(name, zone))

let private unit: Parser<Declaration> =
    pipe2 (word "cu" >>. symbol "=" >>. value) (symbol "+" >>. value .>> word "memory") (fun cpu memory -> UnitOf(cpu, memory))

let private size: Parser<Declaration> =
    pipe4
        value
        (symbol ".." >>. value)
        (opt (word "step" >>. value))
        (opt (word "during" >>. name "the name of a schedule"))
        (fun least most step during -> SizeOf(least, most, step, during))

let private cooldown: Parser<Declaration> =
    let kind = choice [ word "up" >>% AfterUp; word "down" >>% AfterDown; word "suspend" >>% BeforeSuspend ] |> spanned
    sepBy1 (kind .>>. value) (symbol ",") |>> CooldownOf

let private schedule: Parser<Declaration> =
    pipe2 (name "a name" .>> symbol "=") ScheduleParser.ranges (fun name (included, excluded) -> ScheduleOf(name, included, excluded))

let private letDeclaration: Parser<Declaration> =
    pipe2 (name "a name" .>> symbol "=") expression (fun name body -> LetOf(name, body))

let private metric: Parser<Declaration> =
    pipe5
        (name "a name" .>> symbol ":")
        (name "a type")
        (word "every" >>. value)
        (opt (word "stale" >>. value))
        (word "from" >>. word "sql" >>. text)
        (fun name kind every stale sql -> MetricOf(name, kind, every, stale, sql))

let private whole: Parser<string> =
    pipe2 (opt (symbol "-")) number (fun minus digits ->
        match minus with
        | Some _ -> "-" + digits.Value
        | None -> digits.Value)
    <?> "a whole number"

let private clause: Parser<Located<Clause>> =
    choice
        [ word "when" >>. expression |>> When
          word "until" >>. expression |>> Until
          word "do" >>. action |>> Do
          word "priority" >>. whole |>> Priority ]
    |> spanned

let private rule: Parser<Declaration> =
    let on = (word "running" >>% OnRunning) <|> (word "suspended" >>% OnSuspended) |> spanned

    pipe3
        (name "a name" .>> word "on")
        on
        (symbol "{" >>. many clause .>> symbol "}")
        (fun name on clauses -> RuleOf(name, on, clauses))

let private forbid: Parser<Declaration> =
    pipe2 (sepBy1 kinds (symbol ",")) (opt (word "when" >>. expression)) (fun kinds condition ->
        ForbidOf(kinds |> List.collect (fun kind -> kind.Value |> List.map (fun one -> { Value = one; At = kind.At })), condition))

/// Takes a block in balanced braces without looking at it, but for strings and comments.
let private block: Parser<unit> =
    let missing = expected "`}`"

    fun stream ->
        let mutable depth = 0
        let mutable go = true

        while go do
            match stream.Peek() with
            | CharStream.EndOfStreamChar when stream.IsEndOfStream -> go <- false
            | '#' -> stream.SkipRestOfLine true
            | '"' ->
                stream.Skip()
                stream.SkipCharsOrNewlinesWhile(fun c -> c <> '"' && c <> '\n') |> ignore
                stream.Skip '"' |> ignore
            | c ->
                stream.SkipCharsOrNewlines 1 |> ignore

                if c = '{' then
                    depth <- depth + 1
                elif c = '}' then
                    depth <- depth - 1
                    go <- depth > 0

        if depth = 0 then
            stream.UserState.TokenEnd <- stream.Index
            blanks stream
        else
            Reply(Error, missing)

let private scenario: Parser<Declaration> = text >>. followedBy (symbol "{") >>. block >>% LaterOf Scenario

/// A property goes on to the next declaration; what is in it is not looked at.
let private property: Parser<Declaration> =
    let rest: Parser<unit> =
        fun stream ->
            let mutable go = true

            while go do
                stream.SkipRestOfLine false
                stream.UserState.TokenEnd <- stream.Index
                blanks stream |> ignore
                go <- not stream.IsEndOfStream && not (Keyword.All |> List.exists stream.Match)

            Reply(())

    name "a name" >>. symbol "=" >>. rest >>% LaterOf Property

/// A declaration with its place. It begins with a keyword of `Keyword.All`.
let declaration: Parser<Located<Declaration>> =
    choice
        [ word "policy" >>. policy
          word "unit" >>. unit
          word "size" >>. size
          word "cooldown" >>. cooldown
          word "schedule" >>. schedule
          word "let" >>. letDeclaration
          word "metric" >>. metric
          word "rule" >>. rule
          word "forbid" >>. forbid
          word "scenario" >>. scenario
          word "property" >>. property ]
    |> spanned
