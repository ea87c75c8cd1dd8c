/// Conditions and the terms in them:
///
///     condition  = any [ "for" value ]
///     any        = all { "or" all }
///     all        = part { "and" part }
///     part       = "not" part | term [ comparison term ]
///     value      = NUMBER | NAME | "tune" NUMBER [ "in" NUMBER ".." NUMBER ]
///     term       = value | "(" condition ")" | "during" NAME | NAME [ "(" [ condition { "," condition } ] ")" ] | "true" | "false"
module internal Serverless.Rules.ExpressionParser

open FParsec
open FParsec.Error
open Serverless.Core
open Serverless.Rules.Lexical

let private condition, conditionRef = createParserForwardedToRef<Expr, State> ()

/// A literal.
let numeric: Parser<Expr> = number |>> fun text -> { Value = Number text.Value; At = text.At }

/// A literal that `rules fit` may change.
let private tuned: Parser<Expr> =
    pipe3 (word "tune") numeric (opt (word "in" >>. numeric .>>. (symbol ".." >>. numeric))) (fun mark literal range ->
        let last = match range with Some(_, most) -> most.At | None -> literal.At
        { Value = Tuned(literal, range); At = Span.cover mark.At last })

/// A literal, or the name of a let that stands for one.
let value: Parser<Expr> =
    choice [ numeric; tuned; freeName "a value" |>> fun name -> { Value = Named name.Value; At = name.At } ] <?> "a value"

let private parenthesised: Parser<Expr> =
    pipe3 (symbol "(") (nested condition) (symbol ")") (fun left inner right -> { inner with At = Span.cover left.At right.At })

let private during: Parser<Expr> =
    pipe2 (word "during") (name "the name of a schedule") (fun word name -> { Value = Inside name; At = Span.cover word.At name.At })

let private arguments: Parser<Expr list * Span> =
    pipe3 (symbol "(") (sepBy (nested condition) (symbol ",")) (symbol ")") (fun _ inner right -> inner, right.At)

let private reference: Parser<Expr> =
    pipe2 (freeName "a name") (opt arguments) (fun name called ->
        match called with
        | Some(inner, last) -> { Value = Call(name, inner); At = Span.cover name.At last }
        | None -> { Value = Named name.Value; At = name.At })

let truth: Parser<Expr> =
    (word "true" |>> fun at -> { Value = Truth true; At = at.At })
    <|> (word "false" |>> fun at -> { Value = Truth false; At = at.At })

let private worded: Parser<Expr> = choice [ during; truth; tuned; reference ] <?> "a condition"

/// By its first character, since every alternative that is tried in vain costs.
let private term: Parser<Expr> =
    fun stream ->
        match stream.Peek() with
        | '(' -> parenthesised stream
        | c when System.Char.IsAsciiDigit c -> numeric stream
        | _ -> worded stream

/// A metric, an aggregate of one, or a value: what `resize track` takes.
let tracked: Parser<Expr> = reference <?> "a metric"

let private comparison: Parser<Located<Operator>> =
    let missing = expected "a comparison"

    let operatorOf (first: char) (second: char) =
        match first, second with
        | '<', '=' -> ValueSome(struct (2, Compares LessOrEqual))
        | '>', '=' -> ValueSome(struct (2, Compares GreaterOrEqual))
        | '=', '=' -> ValueSome(struct (2, Compares Equal))
        | '!', '=' -> ValueSome(struct (2, Compares NotEqual))
        | '<', _ -> ValueSome(struct (1, Compares Less))
        | '>', _ -> ValueSome(struct (1, Compares Greater))
        | '=', _ -> ValueSome(struct (1, SingleEquals))
        | _ -> ValueNone

    token (fun stream ->
        match operatorOf (stream.Peek()) (stream.Peek 1) with
        | ValueSome(struct (length, operator)) ->
            stream.Skip length
            Reply operator
        | ValueNone -> Reply(Error, missing))

let private part, private partRef = createParserForwardedToRef<Expr, State> ()

let private negation: Parser<Expr> =
    pipe2 (word "not") (nested part) (fun word inner -> { Value = Negation inner; At = Span.cover word.At inner.At })

let private compared: Parser<Expr> =
    pipe2 term (opt (comparison .>>. term)) (fun left right ->
        match right with
        | Some(operator, right) -> { Value = Comparing(left, operator, right); At = Span.cover left.At right.At }
        | None -> left)

let private joined (separator: string) (make: Expr list -> ExprNode) (parser: Parser<Expr>) : Parser<Expr> =
    sepBy1 parser (word separator)
    |>> function
        | [ only ] -> only
        | all -> { Value = make all; At = Span.cover all.Head.At (List.last all).At }

/// A whole condition, or in a `let` any term.
let expression: Parser<Expr> = condition

do
    partRef.Value <- (negation <|> compared) <?> "a condition"

    let any = part |> joined "and" AndAll |> joined "or" OrAny

    conditionRef.Value <-
        pipe2 any (opt (word "for" >>. value)) (fun inner held ->
            match held with
            | Some width -> { Value = HeldFor(inner, width); At = Span.cover inner.At width.At }
            | None -> inner)
