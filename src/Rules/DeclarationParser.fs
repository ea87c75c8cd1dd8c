/// One declaration, from its keyword to its end.
module internal Serverless.Rules.DeclarationParser

open FParsec
open Serverless.Core
open Serverless.Rules.Lexical
open Serverless.Rules.ExpressionParser
open Serverless.Rules.ActionParser

let private extension: Parser<Extension> =
    pipe2
        (word "extends" >>. name "the name of a policy")
        (opt (word "without" >>. sepBy1 (name "a name") (symbol ",")))
        (fun parent without -> { Parent = parent; Without = Option.defaultValue [] without })

let private policy: Parser<Declaration> =
    pipe3
        (opt (nameBut ("zone" :: "extends" :: Keyword.All) "a name"))
        (opt extension)
        (opt (word "zone" >>. text))
        (fun name extension zone -> PolicyHeader(name, extension, zone))

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
    pipe3
        (name "a name" .>> word "on")
        compute
        (symbol "{" >>. many clause .>> symbol "}")
        (fun name on clauses -> RuleOf(name, on, clauses))

let private forbid: Parser<Declaration> =
    pipe2 kindList (opt (word "when" >>. expression)) (fun kinds condition -> ForbidOf(kinds, condition))

let private property: Parser<Declaration> =
    pipe2 (name "a name" .>> symbol "=") PropertyParser.claim (fun name claim -> PropertyOf(name, claim))

let private scenario: Parser<Declaration> =
    pipe2 text (symbol "{" >>. ScenarioParser.lines .>> symbol "}") (fun title lines -> ScenarioOf(title, lines))

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
